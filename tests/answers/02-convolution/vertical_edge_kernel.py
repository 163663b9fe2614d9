# ruff: noqa: F811, F821


# %% wrong: it answers to horizontal edges
# loses 3: does not answer where dark lies beside bright
def vertical_edge_kernel():
    return np.array([[-1, -1, -1], [0, 0, 0], [1, 1, 1]])


# %% wrong: all ones
# loses 2.75: answers to a flat area
def vertical_edge_kernel():
    return np.ones((3, 3))


# %% wrong: all zeros
# loses 3: does not answer where dark lies beside bright
def vertical_edge_kernel():
    return np.zeros((3, 3))


# %% wrong: edges in all directions
# loses 1.5: answers to horizontal edges too
def vertical_edge_kernel():
    return np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])


# %% wrong: a diagonal edge
# loses 1.5: answers to horizontal edges too
def vertical_edge_kernel():
    return np.array([[-2, -1, 0], [-1, 0, 1], [0, 1, 2]])


# %% wrong: a row alone
# loses 3: must have (3, 3)
def vertical_edge_kernel():
    return np.array([-1, 0, 1])


# %% wrong: it sums to one
# loses 2.75: answers to a flat area
def vertical_edge_kernel():
    return np.array([[-1, 0, 1], [-1, 1, 1], [-1, 0, 1]])


# %% right: Prewitt
def vertical_edge_kernel():
    return np.array([[-1, 0, 1]] * 3)


# %% right: bright to the left
def vertical_edge_kernel():
    return [[1, 0, -1], [1, 0, -1], [1, 0, -1]]


# %% right: Scharr
def vertical_edge_kernel():
    return np.outer([3, 10, 3], [1, 0, -1])


# %% right: only the middle row
def vertical_edge_kernel():
    kernel = np.zeros((3, 3))
    kernel[1] = -0.5, 0, 0.5
    return kernel


# %% right: two neighbours
def vertical_edge_kernel():
    return np.array([[0.1, -0.1, 0.0]] * 3)
