"""docker-compose.yml and its variants, read as `docker compose` reads them. Nothing is started here."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from servers import build

from telegraf_han import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    Composed = Callable[..., dict[str, Any]]

ROOT = Path(__file__).parents[2]
FILES = ("docker-compose.yml", "docker/existing-influxdb.yml", "docker/existing-grafana.yml", "docker/telegram.yml", "docker/rtl-sdr.yml")
INFLUXDB_ELSEWHERE = {"INFLUX_URL": "http://influxdb.invalid:8086", "INFLUX_ADMIN_TOKEN_FILE": "./token"}
VARIANTS = {
    "virtual": ((), {}),
    "real": ((), {"HAN_METER": "real", "HAN_DEVICE": "/dev/ttyUSB0"}),
    "influxdb elsewhere": ((FILES[1],), INFLUXDB_ELSEWHERE),
    "grafana elsewhere": ((FILES[2],), {}),
    "polish, with telegram": ((FILES[3],), {"HAN_LANGUAGE": "pl"}),
    "influxdb elsewhere, with telegram": ((FILES[1], FILES[3]), INFLUXDB_ELSEWHERE),
    "dongle": ((FILES[4],), {"HAN_METER": "real"}),
    "dongle, influxdb elsewhere": ((FILES[1], FILES[4]), INFLUXDB_ELSEWHERE),
}
PRIVATE = [
    ".env",
    "docker/alerts.env",
    "docker/real/han.toml",
    "docker/real/home.ek",
    "docker/real/flat-12.key",
    "docker/real/influx_admin_token",
]
ONCE = {"setup", "history"}
ALWAYS = {"influxdb", "telegraf", "grafana"}
VARIABLE = re.compile(r"\$\{(\w+)")
PLUGIN = re.compile(rf"telegraf-han:{re.escape(__version__)}(-rtl-sdr)?")


def bound(project: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the files and folders of the host that containers get, without devices: those are neither in the repository nor labelled."""
    mounts = [mount for service in project["services"].values() for mount in service["volumes"] if mount["type"] == "bind"]
    return [mount for mount in mounts if not mount["source"].startswith("/dev/")]


@pytest.fixture(params=VARIANTS)
def project(request: pytest.FixtureRequest, composed: Composed) -> dict[str, Any]:
    """Return each variant in turn."""
    overrides, environment = VARIANTS[request.param]
    return composed(*overrides, **environment)


def test_published_schema() -> None:
    """The file has no key that the compose specification does not know."""
    checker = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*checker, "docker-compose.yml"], cwd=ROOT, capture_output=True, text=True, check=False)
    if "No module named" in done.stderr and os.environ.get("CI") != "true":
        pytest.skip("check-jsonschema is not installed")

    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_mounted_is_there(project: dict[str, Any]) -> None:
    """Every file and folder of the host that a container gets is in the repository."""
    mounts = [mount["source"] for mount in bound(project)]

    assert mounts
    assert [source for source in mounts if not Path(source).exists() and not source.endswith("/token")] == []


def test_what_is_mounted_can_be_read_under_selinux(project: dict[str, Any]) -> None:
    """Every file and folder of the host is labelled for containers, and none can be written."""
    assert {(mount.get("read_only"), mount["bind"].get("selinux")) for mount in bound(project)} == {(True, "z")}


def test_images_are_pinned(project: dict[str, Any]) -> None:
    """Each image has its registry, so that Podman asks nothing, its full version and its digest. Our image has the version of this plugin."""
    images = {service["image"] for service in project["services"].values()}
    ours = {image for image in images if PLUGIN.fullmatch(image)}

    assert len(ours) == 1
    assert all(re.fullmatch(r"docker\.io/[\w/]+:\d+\.\d+\.\d+@sha256:[0-9a-f]{64}", image) for image in images - ours)


def test_images_are_what_the_tests_run(composed: Composed) -> None:
    """Telegraf and InfluxDB have the versions that all other tests are run with."""
    assert composed()["services"]["influxdb"]["image"].partition("@")[0].endswith(":" + build.version("influxd"))
    dockerfile = (ROOT / "docker/Dockerfile").read_text()
    assert re.findall(r"^ARG TELEGRAF=(\S+)@sha256:[0-9a-f]{64}$", dockerfile, re.MULTILINE) == [
        f"docker.io/library/telegraf:{build.version('telegraf')}"
    ]
    assert set(re.findall(r"^FROM (?:--platform=\S+ )?(\S+)", dockerfile, re.MULTILINE)) == {"$TELEGRAF", "python"}


def test_one_port_on_this_machine_alone(composed: Composed) -> None:
    """Only Grafana's port is published, and only to this machine, unless somebody sets another address."""
    published = {name: service["ports"] for name, service in composed()["services"].items() if service.get("ports")}

    assert list(published) == ["grafana"]
    assert [(port["host_ip"], port["published"], port["target"]) for port in published["grafana"]] == [("127.0.0.1", "3000", 3000)]
    assert composed(GRAFANA_ADDRESS="192.0.2.1", GRAFANA_PORT="80")["services"]["grafana"]["ports"][0]["host_ip"] == "192.0.2.1"


def test_least_rights(project: dict[str, Any]) -> None:
    """No container writes outside its volumes or gains rights. None has root's rights, except the two that set things up."""
    for name, service in project["services"].items():
        assert (service["read_only"], service["cap_drop"], service["security_opt"]) == (True, ["ALL"], ["no-new-privileges:true"]), name
        assert not service.get("privileged")
        assert service["user"].startswith("0:") == (name in ONCE)
        assert set(service.get("cap_add", ())) <= {"CHOWN", "DAC_OVERRIDE", "FOWNER"}
        assert bool(service.get("cap_add")) == (name in ONCE)


def test_memory_and_processes_are_bounded(project: dict[str, Any]) -> None:
    """No container takes more memory than it was given, or starts processes without end. InfluxDB's collector knows the limit before it is hit."""
    for name, service in project["services"].items():
        assert 0 < int(service["pids_limit"]) <= 256, name
        assert int(service["mem_limit"]) == (1536 if name == "influxdb" else 768) * 2**20, name
        if name == "influxdb":
            assert service["environment"]["GOMEMLIMIT"] == "1280MiB"


def test_who_opens_grafana_closes_the_boards(composed: Composed) -> None:
    """With the virtual meter, anybody at this machine may look. As soon as an address is set, Grafana asks everybody for a password."""
    setting = "GF_AUTH_ANONYMOUS_ENABLED"

    assert composed()["services"]["grafana"]["environment"][setting] == "true"
    for address in ("0.0.0.0", "192.0.2.1", "127.0.0.1"):
        for meter in ("virtual", "real"):
            assert composed(GRAFANA_ADDRESS=address, HAN_METER=meter)["services"]["grafana"]["environment"][setting] == "false"
    assert composed(HAN_METER="real")["services"]["grafana"]["environment"][setting] == "false"


def test_everybody_has_its_own_secrets(project: dict[str, Any]) -> None:
    """Telegraf and Grafana see only their own secrets and cannot change them. No long-running container sees the administrator's."""
    for name in ALWAYS & project["services"].keys():
        secrets = {mount["source"]: mount for mount in project["services"][name]["volumes"] if mount["source"].endswith("-secrets")}
        assert set(secrets) == ({f"{name}-secrets"} - {"influxdb-secrets"})
        assert all(mount["read_only"] for mount in secrets.values())


def test_no_secret_in_the_file(project: dict[str, Any]) -> None:
    """A container's environment shows no secret, at most the path of a file."""
    names = {key for service in project["services"].values() for key in service["environment"]}

    assert [key for key in names if re.search("TOKEN|PASSWORD|SECRET|KEY", key) and not key.endswith("__FILE")] == []
    assert not any(project.get(kind) for kind in ("secrets", "configs"))


def test_logs_are_bounded_and_ends_have_time(project: dict[str, Any]) -> None:
    """No log fills a memory card, and nobody is killed while it still writes."""
    for name, service in project["services"].items():
        assert set(service["logging"]["options"]) == {"max-size", "max-file"}
        if name in ALWAYS:
            assert (service["restart"], service["stop_grace_period"]) == ("unless-stopped", "30s")
        else:
            assert service["restart"] == "no"


def test_order_of_the_start(composed: Composed) -> None:
    """First InfluxDB is healthy, then set-up runs, then Telegraf and the virtual meter's past. Grafana starts when there is something to see."""
    services = composed()["services"]
    order = {name: {to: how["condition"] for to, how in (service.get("depends_on") or {}).items()} for name, service in services.items()}

    assert order == {
        "influxdb": {},
        "setup": {"influxdb": "service_healthy"},
        "history": {"setup": "service_completed_successfully"},
        "telegraf": {"influxdb": "service_healthy", "setup": "service_completed_successfully"},
        "grafana": {"influxdb": "service_healthy", "history": "service_completed_successfully"},
    }
    assert {name for name, service in services.items() if service.get("healthcheck")} == ALWAYS


def test_one_variable_switches_to_the_real_meter(composed: Composed) -> None:
    """HAN_METER=real changes the folder that Telegraf reads, and Grafana then asks for a password. Nothing else changes."""
    virtual, real = composed(), composed(HAN_METER="real")
    folders = {
        (name, mount["source"])
        for name, service in real["services"].items()
        for mount in service["volumes"]
        if mount["source"].endswith("/real")
    }

    assert folders == {("telegraf", f"{ROOT}/docker/real"), ("history", f"{ROOT}/docker/real")}
    assert virtual["services"]["grafana"]["environment"]["GF_AUTH_ANONYMOUS_ENABLED"] == "true"
    assert real["services"]["grafana"]["environment"]["GF_AUTH_ANONYMOUS_ENABLED"] == "false"


def test_serial_device_and_group(composed: Composed) -> None:
    """The cable and the group that may open it are variables; without a cable there is a device that always exists."""
    telegraf = composed(HAN_DEVICE="/dev/serial/by-id/x", DIALOUT_GID="986", HAN_UID="1001", HAN_GID="100")["services"]["telegraf"]

    assert (telegraf["devices"][0]["source"], telegraf["devices"][0]["target"]) == ("/dev/serial/by-id/x", "/dev/han")
    assert (telegraf["group_add"], telegraf["user"]) == (["986"], "1001:100")
    assert composed()["services"]["telegraf"]["devices"][0]["source"] == "/dev/null"


def test_a_dongle(composed: Composed) -> None:
    """With the dongle's file, Telegraf may open USB devices, also one that is plugged in later. It gains no other right, and no other service any."""
    plain, project = composed(HAN_METER="real")["services"], composed(FILES[4], HAN_METER="real")["services"]
    telegraf = project["telegraf"]
    usb = [mount for mount in telegraf["volumes"] if mount["source"].startswith("/dev/")]

    assert telegraf["device_cgroup_rules"] == ["c 189:* rw"]
    assert [(mount["source"], mount["target"], mount["read_only"]) for mount in usb] == [("/dev/bus/usb", "/dev/bus/usb", True)]
    assert [mount for mount in telegraf["volumes"] if mount not in usb] == plain["telegraf"]["volumes"]
    for name, service in project.items():
        changed = {"image", "build"} | ({"volumes", "device_cgroup_rules"} if name == "telegraf" else set())
        rest = {key: value for key, value in service.items() if key not in changed}
        assert rest == {key: value for key, value in plain[name].items() if key not in changed}, name


def test_only_the_dongles_image_has_more(composed: Composed) -> None:
    """rtl_433 is in an image of another name, which all services of the plugin share. The image without it is built as before."""
    plain, with_dongle = composed()["services"], composed(FILES[4])["services"]
    ours = {name for name, service in plain.items() if service.get("build")}

    assert ours == {"setup", "history", "telegraf"}
    assert {plain[name]["image"] for name in ours} == {f"telegraf-han:{__version__}"}
    assert {with_dongle[name]["image"] for name in ours} == {f"telegraf-han:{__version__}-rtl-sdr"}
    assert [plain[name]["build"].get("args") for name in ours] == [None] * 3
    assert [with_dongle[name]["build"]["args"] for name in ours] == [{"PROGRAMS": "rtl-433"}] * 3


def test_influxdb_is_reached_by_nobody_else(composed: Composed) -> None:
    """InfluxDB is on the network that has no way out, unless it is published on purpose."""
    project = composed()

    assert list(project["services"]["influxdb"]["networks"]) == ["database"]
    assert project["networks"]["database"]["internal"] is True


def test_an_influxdb_elsewhere(composed: Composed) -> None:
    """With an InfluxDB elsewhere, the stack starts none, and no container waits for one."""
    services = composed(FILES[1], **INFLUXDB_ELSEWHERE)["services"]

    assert set(services) == {"setup", "history", "telegraf", "grafana"}
    assert {service["environment"]["INFLUX_URL"] for service in services.values()} == {"http://influxdb.invalid:8086"}
    assert all("influxdb" not in (service.get("depends_on") or {}) for service in services.values())


def test_a_grafana_elsewhere(composed: Composed) -> None:
    """With a Grafana elsewhere, the stack starts none, and that Grafana can reach InfluxDB."""
    services = composed(FILES[2])["services"]

    assert set(services) == {"influxdb", "setup", "history", "telegraf"}
    assert [(port["host_ip"], port["published"]) for port in services["influxdb"]["ports"]] == [("127.0.0.1", "8086")]


def test_every_variable_is_documented() -> None:
    """.env.example names each variable that the files ask for, and no other."""
    asked = {name for file in FILES for name in VARIABLE.findall((ROOT / file).read_text())}
    told = set(re.findall(r"^#(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))

    assert told - {"COMPOSE_FILE"} == asked


def test_defaults_are_documented() -> None:
    """The defaults that .env.example shows are those of the files."""
    defaults = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", "".join((ROOT / file).read_text() for file in FILES)))
    shown = dict(re.findall(r"^#(\w+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))

    assert {name: value for name, value in defaults.items() if name != "INFLUX_URL"} == {
        name: value for name, value in shown.items() if name in defaults and name != "INFLUX_URL"
    }


def test_keys_stay_out_of_the_image() -> None:
    """The build sees only the files that .dockerignore allows, and no file of docker/real."""
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    allowed = [line[1:] for line in lines if line.startswith("!")]

    assert lines[0] == "*"
    assert not any("docker/real".startswith(name) for name in allowed)


def test_keys_stay_out_of_git() -> None:
    """Files that an owner puts into docker/real are never committed."""
    ignored = subprocess.run(["git", "check-ignore", *PRIVATE], cwd=ROOT, capture_output=True, text=True, check=False)

    assert ignored.stdout.split() == PRIVATE


@pytest.mark.parametrize("name", ["requirements.txt", "build-requirements.txt"])
def test_what_is_installed_is_pinned(name: str) -> None:
    """Each package of the image has one version and its hashes."""
    text = (ROOT / "docker" / name).read_text().replace("\\\n", " ")
    packages = [line for line in text.splitlines() if line and not line.startswith("#")]

    assert packages
    assert all(re.match(r"[\w.-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line) for line in packages)


def test_what_the_plugin_needs_is_pinned() -> None:
    """No dependency of pyproject.toml is missing. If one is missing, somebody forgot to run docker/lock.sh."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = {re.split(r"[<>=~]", line)[0] for line in project["project"]["dependencies"]}
    build_wanted = {re.split(r"[<>=~]", line)[0] for line in project["build-system"]["requires"]}

    assert wanted <= set(re.findall(r"^([\w.-]+)==", (ROOT / "docker/requirements.txt").read_text(), re.MULTILINE))
    assert build_wanted <= set(re.findall(r"^([\w.-]+)==", (ROOT / "docker/build-requirements.txt").read_text(), re.MULTILINE))


@pytest.mark.parametrize("script", sorted((ROOT / "docker").rglob("*.sh")), ids=lambda path: path.name)
def test_scripts_are_shell(script: Path) -> None:
    """Every script is understood by its shell; those that containers call by name are executable."""
    subprocess.run(["bash", "-n", script], check=True)

    assert os.access(script, os.X_OK) == (script.parent.name != "virtual")


def _commands(manual: str) -> list[str]:
    """Return the commands and file contents that a manual shows, without comments."""
    lines = (ROOT / "docs" / manual).read_text().splitlines()
    return [line.partition("  #")[0].strip() for line in lines if line.startswith("    ")]


def test_both_manuals_say_the_same() -> None:
    """The Polish manual shows the same commands as the English one, and also sets the language."""
    assert [line for line in _commands("compose.pl.md") if line != "HAN_LANGUAGE=pl"] == _commands("compose.md")


def test_manual_names_what_there_is(composed: Composed) -> None:
    """The variables and services that the manual names exist. Its files exist, or the manual creates them."""
    text = (ROOT / "docs/compose.md").read_text()
    told = set(re.findall(r"^#(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    services = set(re.findall(r"docker compose (?:run --rm --no-deps|exec|logs|restart) (\w+)", text))
    images = {service["image"].partition("@")[0].rpartition("/")[2] for service in composed()["services"].values()}

    assert set(re.findall(r"^ +([A-Z_]+)=(?!=)", text, re.MULTILINE)) <= told
    assert services
    assert services <= composed()["services"].keys()
    assert set(re.findall(r"`(?:grafana/)?((?:influxdb|grafana):[\d.]+)`", text)) == images - {f"telegraf-han:{__version__}"}
    assert f"`telegraf:{build.version('telegraf')}`" in text
    assert [name for name in re.findall(r"\b(docker/[\w./-]+\.\w+)", text) if not (ROOT / name).exists() and name not in PRIVATE] == []
