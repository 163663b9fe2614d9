"""What nbgrader reads for a teacher on this hub, whatever folder she is in: the course's own."""

import os

c = get_config()  # noqa: F821

c.CourseDirectory.root = os.environ["ONE_PIXEL_COURSE"]
load_subconfig(os.path.join(os.environ["ONE_PIXEL_COURSE"], "nbgrader_config.py"))  # noqa: F821
