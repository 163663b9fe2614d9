# ruff: noqa: F811, F821

# %% wrong: column by column
# loses 2: walk down the columns
def flat_index(row, column, width):
    return column * width + row


# %% wrong: counted from one
# loses 2: count from one
def flat_index(row, column, width):
    return row * width + column + 1


# %% wrong: a row left out
# loses 2: leave one row out
def flat_index(row, column, width):
    return (row - 1) * width + column


# %% wrong: without the width
# loses 2: width is not used
def flat_index(row, column, width):
    return row + column


# %% wrong: rows one too short
# loses 2: one pixel too few
def flat_index(row, column, width):
    return row * (width - 1) + column


# %% wrong: multiplied
# loses 2: Row and column are multiplied
def flat_index(row, column, width):
    return row * column


# %% wrong: the row's start alone
# loses 2: The column is missing
def flat_index(row, column, width):
    return row * width


# %% right: a loop
def flat_index(row, column, width):
    index = column
    for _ in range(row):
        index = index + width
    return index


# %% right: NumPy's own
def flat_index(row, column, width):
    return np.ravel_multi_index((row, column), (row + 1, width))


# %% right: a float that is whole
def flat_index(row, column, width):
    return float(row) * width + column


# %% right: a dot product
def flat_index(row, column, width):
    return np.array([row, column]) @ np.array([width, 1])


# %% wrong: columns from the right
# loses 2: columns from the right
def flat_index(row, column, width):
    return row * width + width - 1 - column


# %% wrong: single precision
# loses 0.5: Some values are wrong
def flat_index(row, column, width):
    return np.float32(row) * np.float32(width) + np.float32(column)
