# ruff: noqa: F811


# %% wrong: the other way round
# loses 2.75: The wrong way round
def is_compute_bound(flops, bytes_moved, peak_flops, bandwidth):
    return flops / peak_flops < bytes_moved / bandwidth


# %% wrong: operations against bytes
# loses 2.75: compared as they are
def is_compute_bound(flops, bytes_moved, peak_flops, bandwidth):
    return flops > bytes_moved


# %% wrong: the ridge upside down
# loses 3: have changed places
def is_compute_bound(flops, bytes_moved, peak_flops, bandwidth):
    return flops / bytes_moved > bandwidth / peak_flops


# %% wrong: peak and bandwidth swapped
# loses 2.75: have changed places
def is_compute_bound(flops, bytes_moved, peak_flops, bandwidth):
    return flops / bandwidth > bytes_moved / peak_flops


# %% wrong: divided by zero where nothing is moved
# loses 0.25: stopped with a ZeroDivisionError
def is_compute_bound(flops, bytes_moved, peak_flops, bandwidth):
    return flops / bytes_moved > peak_flops / bandwidth


# %% wrong: the same time counts
# loses 0.5: the answer is False
def is_compute_bound(flops, bytes_moved, peak_flops, bandwidth):
    return flops * bandwidth >= bytes_moved * peak_flops


# %% wrong: the intensity itself
# loses 3: That is the intensity, a number
def is_compute_bound(flops, bytes_moved, peak_flops, bandwidth):
    return flops / bytes_moved


# %% wrong: always
# loses 3: always True
def is_compute_bound(flops, bytes_moved, peak_flops, bandwidth):
    return True


# %% right: two times
def is_compute_bound(flops, bytes_moved, peak_flops, bandwidth):
    calculating = flops / peak_flops
    moving = bytes_moved / bandwidth
    if calculating > moving:
        return True
    return False


# %% right: the intensity, where there is one
def is_compute_bound(flops, bytes_moved, peak_flops, bandwidth):
    if not bytes_moved:
        return flops > 0
    return flops / bytes_moved > peak_flops / bandwidth


# %% right: multiplied crosswise, in NumPy
def is_compute_bound(flops, bytes_moved, peak_flops, bandwidth):
    return np.greater(np.multiply(float(flops), bandwidth), np.multiply(float(bytes_moved), peak_flops))


# %% right: what the roofline allows
def is_compute_bound(flops, bytes_moved, peak_flops, bandwidth):
    from fractions import Fraction

    time = max(Fraction(flops) / Fraction(peak_flops), Fraction(bytes_moved) / Fraction(bandwidth))
    return time > Fraction(bytes_moved) / Fraction(bandwidth)


# %% right: the slower of two names
def is_compute_bound(flops, bytes_moved, peak_flops, bandwidth):
    times = {"moving": bytes_moved / bandwidth, "calculating": flops / peak_flops}
    return max(times, key=times.get) == "calculating"


# %% wrong: only what takes twice as long
# loses 1.5: Some values are wrong
def is_compute_bound(flops, bytes_moved, peak_flops, bandwidth):
    return flops / peak_flops > 2 * bytes_moved / bandwidth


# %% wrong: numbers moved, four bytes each
# loses 1.5: Some values are wrong
def is_compute_bound(flops, bytes_moved, peak_flops, bandwidth):
    return flops / peak_flops > 4 * bytes_moved / bandwidth
