"""A JupyterHub for this course, on one machine; the teacher's guide says how it is set up.

    jupyterhub -f /etc/one-pixel/jupyterhub_config.py

Who may come stands in `teachers.txt` and `students.txt` beside this file, a name of an account of
the machine in each line. Everybody has JupyterLab in a home of his own. A teacher's begins in the
course's folder, and has nbgrader's formgrader; a student's has nbgrader's list of assignments.
"""

import os
import shutil
import sys
from pathlib import Path

c = get_config()  # noqa: F821

HERE = Path(__file__).resolve().parent
COURSE = Path(os.environ.get("ONE_PIXEL_COURSE", "/srv/one-pixel"))  # the teacher's copy
EXCHANGE = Path(os.environ.get("ONE_PIXEL_EXCHANGE", "/srv/exchange"))


def names(file):
    """Read the accounts in a list; what follows a # is a remark."""
    path = HERE / file
    if not path.is_file():
        sys.exit(f"There is no {path}: write the accounts into it, one in each line.")
    lines = path.read_text("utf8").splitlines()
    return {line.partition("#")[0].strip() for line in lines} - {""}


TEACHERS, STUDENTS = names("teachers.txt"), names("students.txt")
if both := TEACHERS & STUDENTS:
    sys.exit(f"{', '.join(sorted(both))}: who teaches has no place in students.txt, too.")
if not (COURSE / "solutions").is_dir():
    sys.exit(f"There is no teacher's copy of the course in {COURSE}: set ONE_PIXEL_COURSE.")
if COURSE.stat().st_mode & 0o007:
    sys.exit(f"Every account can read the solutions: chmod o-rwx {COURSE}")

# nbgrader's exchange: all may write into it, and nbgrader says who may read what.
EXCHANGE.mkdir(parents=True, exist_ok=True)
EXCHANGE.chmod(0o777)

c.Authenticator.allowed_users = TEACHERS | STUDENTS
c.JupyterHub.bind_url = "http://127.0.0.1:8000"  # a web server that speaks TLS stands before it
c.ConfigurableHTTPProxy.command = [shutil.which("configurable-http-proxy") or "is-not-installed"]

# The Python that runs the hub runs all, with the course in it.
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
c.Spawner.default_url = "/lab"
c.Spawner.http_timeout = c.Spawner.start_timeout = 120


def settle(spawner):
    """Give each what belongs to the part that he has."""
    teaches = spawner.user.name in TEACHERS
    settings = [HERE / ("teacher" if teaches else "student"), HERE / "everybody"]
    spawner.environment = {
        **spawner.environment,
        "JUPYTER_CONFIG_PATH": os.pathsep.join(map(str, settings)),
        "ONE_PIXEL_COURSE": str(COURSE),
        "ONE_PIXEL_EXCHANGE": str(EXCHANGE),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    if teaches:
        spawner.notebook_dir = str(COURSE)


c.Spawner.pre_spawn_hook = settle
