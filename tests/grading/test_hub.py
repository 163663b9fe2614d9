"""A hub with one teacher and two students, from the notebook handed out to the page of feedback.

The example runs as it is, but for what needs accounts of the machine: who logs in is believed, and
all servers run as the user who tests.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from types import SimpleNamespace

import nbformat
import pytest
import requests
import zoo
from paths import ROOT

NAME, FILE, COURSE_ID = "01-pixels", "pixels.ipynb", "cnn"
PROXY = ROOT / "node_modules" / ".bin" / "configurable-http-proxy"
OVER = """
c = get_config()
load_subconfig({example!r})
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = "open"
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {homes!r} + "/{{username}}"
c.Spawner.args = ["--allow-root"]
c.JupyterHub.bind_url = "http://127.0.0.1:{ports[0]}"
c.JupyterHub.hub_port = {ports[1]}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{ports[2]}"
c.ConfigurableHTTPProxy.command = [{proxy!r}]
c.JupyterHub.services = [{{"name": "test", "api_token": "of-the-test"}}]
c.JupyterHub.load_roles = [
    {{"name": "test", "scopes": ["admin:users", "admin:servers", "tokens"], "services": ["test"]}}
]
"""

pytestmark = pytest.mark.slow


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def example(folder):
    """The example as the guide says: copied, with its two lists, and a course that is closed."""
    etc, course = folder / "etc", zoo.new_course(folder / "course", NAME)
    shutil.copytree(ROOT / "hub", etc)
    (etc / "teachers.txt").write_text("grace\n")
    (etc / "students.txt").write_text("# this term\nada\nbea  # from the year before\n")
    course.chmod(0o750)
    own = {"ONE_PIXEL_COURSE": str(course), "ONE_PIXEL_EXCHANGE": str(folder / "exchange")}
    return etc, course, {**os.environ, **own, "PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="module")
def hub(sandbox, tmp_path_factory):
    if not PROXY.exists():
        pytest.skip("no configurable-http-proxy in node_modules")
    folder = tmp_path_factory.mktemp("hub")
    etc, course, own = example(folder)
    # One account of the machine is everybody here: nbgrader asks the hub for a student's name, and
    # does not compare it with the owner of what was handed in.
    with (etc / "everybody" / "nbgrader_config.py").open("a") as file:
        file.write("c.ExchangeCollect.check_owner = False\n")
    (etc / "student" / "nbgrader_config.py").write_text(
        "import os\n\nget_config().CourseDirectory.student_id = os.environ['JUPYTERHUB_USER']\n"
    )
    for name in ("ada", "bea", "grace"):
        (folder / "homes" / name).mkdir(parents=True)
    ports = free_ports(3)
    words = {"example": str(etc / "jupyterhub_config.py"), "homes": str(folder / "homes")}
    config = folder / "config.py"
    config.write_text(OVER.format(ports=ports, proxy=str(PROXY), **words))
    command = [sys.executable, "-m", "jupyterhub", "-f", str(config)]
    with (folder / "hub.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=own, stdout=log, stderr=log, start_new_session=True
        )
    url = f"http://127.0.0.1:{ports[0]}"
    made = SimpleNamespace(url=url, course=course, homes=folder / "homes", own=own, tokens={})
    try:
        wait_for(lambda: requests.get(f"{url}/hub/api/", timeout=5).ok)
        for name in ("grace", "ada", "bea"):
            serve(made, name)
        yield made
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
        print((folder / "hub.log").read_text(errors="replace")[-5000:])


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except requests.ConnectionError:
            pass
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.3)


def serve(hub, name):
    """Start somebody's server, and get a key to it."""
    admin = {"headers": {"Authorization": "token of-the-test"}, "timeout": 60}
    api = f"{hub.url}/hub/api/users/{name}"
    session = requests.Session()
    page = session.get(f"{hub.url}/hub/login", timeout=60)
    form = {"username": name, "password": "open", "_xsrf": session.cookies["_xsrf"]}
    page = session.post(f"{hub.url}/hub/login", data=form, allow_redirects=False, timeout=60)
    assert page.status_code == 302, page.text
    requests.post(f"{api}/server", **admin).raise_for_status()
    wait_for(lambda: requests.get(api, **admin).json()["servers"].get("", {}).get("ready"))
    hub.tokens[name] = requests.post(f"{api}/tokens", **admin).json()["token"]


def ask(hub, name, path, data=None, whose=None):
    """Ask somebody's server something, as her browser does."""
    address = f"{hub.url}/user/{whose or name}/{path}"
    head = {"Authorization": f"token {hub.tokens[name]}"}
    if data is None:
        return requests.get(address, headers=head, timeout=120, allow_redirects=False)
    return requests.post(address, headers=head, data=data, timeout=120)


def test_who_is_on_no_list_stays_outside(hub):
    session = requests.Session()
    session.get(f"{hub.url}/hub/login", timeout=60)
    form = {"username": "mallory", "password": "open", "_xsrf": session.cookies["_xsrf"]}
    assert session.post(f"{hub.url}/hub/login", data=form, timeout=60).status_code == 403


def test_the_formgrader_is_the_teachers_alone(hub):
    assert ask(hub, "grace", "formgrader/gradebook").status_code == 200
    assert ask(hub, "ada", "formgrader/gradebook").status_code == 404
    assert ask(hub, "ada", "formgrader", whose="grace").status_code in (302, 403)
    assert ask(hub, "ada", "api/contents", whose="bea").status_code in (302, 403)
    settings = ask(hub, "ada", "lab").text
    assert '"@jupyter/nbgrader:formgrader"' in settings.partition('"disabledExtensions"')[2][:400]


def test_handed_out_worked_on_collected_graded_and_given_back(hub, browser):
    def cnnkit(*words):
        command = [sys.executable, "-m", *words]
        own = {**hub.own, "JUPYTER_CONFIG_PATH": str(hub.course.parent / "etc" / "everybody")}
        done = subprocess.run(command, cwd=hub.course, env=own, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def act(name, action):
        words = {"assignment_id": NAME, "course_id": COURSE_ID}
        reply = ask(hub, name, f"assignments/{action}", words).json()
        assert reply["success"], reply
        return reply["value"]

    # Out: the teacher makes and releases it, the students fetch it in their list.
    cnnkit("cnnkit", "assignments")
    released = ask(hub, "grace", f"formgrader/api/assignment/{NAME}/release", {}).json()
    assert released["success"], released
    scores = {}
    for name, answers in {"ada": zoo.solutions(NAME), "bea": {}}.items():
        listed = ask(hub, name, f"assignments?course_id={COURSE_ID}").json()["value"]
        assert [one["assignment_id"] for one in listed] == [NAME]
        act(name, "fetch")
        path = hub.homes / name / NAME / FILE
        nbformat.write(zoo.fill_in(nbformat.read(path, as_version=4), answers), path)
        act(name, "submit")
        scores[name] = 10.0 if answers else 0.0
    # In: collected in the formgrader, graded by the course's command.
    collected = ask(hub, "grace", f"formgrader/api/assignment/{NAME}/collect", {}).json()
    assert collected["success"], collected
    told = cnnkit("cnnkit", "grade", NAME)
    assert told.split() == ["10.00", "ada", "0.00", "bea"]
    assert scores_of(hub) == sorted(scores.values())
    # Back: each has her own page, with her own marks.
    given = ask(hub, "grace", f"formgrader/api/assignment/{NAME}/release_feedback", {}).json()
    assert given["success"], given
    for name in scores:
        act(name, "fetch_feedback")
        (page,) = (hub.homes / name / NAME / "feedback").rglob("*.html")
        own = hub.course / "feedback" / name / NAME / "pixels.html"
        assert page.read_bytes() == own.read_bytes()
    the_teacher_sees_it_all(hub, browser)


def the_teacher_sees_it_all(hub, browser):
    """In the formgrader: the class, its scores, a notebook, and a mark corrected by hand."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    try:
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto(f"{hub.url}/hub/login?next=/user/grace/formgrader/gradebook/{NAME}/pixels")
        page.fill("#username_input", "grace")
        page.fill("#password_input", "open")
        page.click("#login_submit")
        page.wait_for_selector("text=Submission #2")
        row = page.locator("tr", has_text="Submission #1")
        assert "10 / 10" in row.inner_text() or "0 / 10" in row.inner_text()
        page.click("text=Submission #1")
        page.wait_for_selector(".nbgrader_cell")
        field = page.locator("input.score").first
        page.wait_for_function("document.querySelector('input.score').placeholder !== ''")
        field.press_sequentially("0.5")
        field.press("Tab")
        wait_for(lambda: scores_of(hub) in ([0.0, 8.5], [0.5, 10.0]))
    finally:
        context.close()


def scores_of(hub):
    found = ask(hub, "grace", f"formgrader/api/submissions/{NAME}").json()
    return sorted(one["score"] for one in found)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda etc, course: (etc / "students.txt").unlink(), "There is no "),
        (lambda etc, course: (etc / "students.txt").write_text("grace\n"), "grace: who teaches"),
        (lambda etc, course: course.chmod(0o755), "can read the solutions: chmod o-rwx"),
        (lambda etc, course: shutil.rmtree(course / "solutions"), "no teacher's copy"),
    ],
)
def test_the_hub_says_what_is_not_in_order(tmp_path, spoil, words):
    etc, course, own = example(tmp_path)
    spoil(etc, course)
    command = [sys.executable, "-m", "jupyterhub", "-f", str(etc / "jupyterhub_config.py")]
    done = subprocess.run(
        command, cwd=tmp_path, env=own, capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0 and words in done.stderr


def test_the_settings_are_json():
    for path in (ROOT / "hub").rglob("*.json"):
        assert json.loads(path.read_text("utf8"))
