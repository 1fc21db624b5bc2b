"""Builds everything that is released, into `dist`: the wheel, the source archive, and a Debian package for each architecture.

    ./dev release

The Debian package has a virtual environment of its own in /opt/telegraf-han, which is complete: installing it needs no network and no pip.
The packages in it are those of docker/requirements.txt, checked by their hashes. One package serves Debian 12 (Python 3.11) to Debian 13
(Python 3.13), because only cffi has a compiled file per version of Python: the package has it for each. The environment is put together
from wheels, nothing is compiled and nothing of it runs here, so any machine can build the package for any architecture.

The same source gives the same files, byte for byte: the only time in them is the day of the release, from the source itself.
"""

import argparse
import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Final, NamedTuple

import licences

ROOT: Final = Path(__file__).parents[1]
DEBIAN: Final = ROOT / "packaging" / "debian"
NAME: Final = "telegraf-han"
MAINTAINER: Final = "telegraf-han developers <telegraf-han@users.noreply.github.com>"
"""A placeholder, as the addresses in pyproject.toml."""
PYTHONS: Final = ("3.11", "3.12", "3.13")
"""What `Depends` in debian/control lets in."""
HOME: Final = f"opt/{NAME}"
SITE: Final = f"{HOME}/lib/python3/site-packages"
SCRIPTS: Final = ("preinst", "postinst", "prerm", "postrm")
EXAMPLES: Final = (
    *("home-assistant.conf", "influxdb1.sql", "production-mqtt.conf", "production-sunspec.conf", "rce-prices.conf"),
    *("tariff-g12.toml", "telegraf-copy.conf", "telegraf-credentials.conf", "telegraf-sandbox.conf"),
)
_RULES: Final = "docs/examples/60-telegraf-han.rules"


class Architecture(NamedTuple):
    """A kind of processor: its names for Debian, and for wheels of Linux with glibc 2.28 or 2.34, which Debian 12 has."""

    name: str
    machine: str

    @property
    def platforms(self) -> list[str]:
        """The platforms that its wheels may be for, as options of pip."""
        return [f"--platform=manylinux{glibc}_{self.machine}" for glibc in ("_2_34", "_2_28", "2014", "_2_17")]


ARCHITECTURES: Final = {one.name: one for one in (Architecture("amd64", "x86_64"), Architecture("arm64", "aarch64"))}


class Release(NamedTuple):
    """What the source says of this release."""

    version: str
    time_s: int
    homepage: str


def release() -> Release:
    """Read version and day from the package, and the address from pyproject.toml."""
    names: dict[str, object] = {}
    exec((ROOT / "plugin/telegraf_han/__init__.py").read_text(), names)  # noqa: S102, two literals of ours
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    time_s = os.environ.get("SOURCE_DATE_EPOCH", names["RELEASED_S"])
    return Release(str(names["__version__"]), int(str(time_s)), project["urls"]["Homepage"])


# --- wheel and source archive ---


def archives(to: Path, about: Release) -> Path:
    """Build the source archive and the wheel; returns the wheel."""
    _run(sys.executable, "-m", "hatchling", "build", "--directory", to, cwd=ROOT, environment={"SOURCE_DATE_EPOCH": str(about.time_s)})
    return to / f"{NAME.replace('-', '_')}-{about.version}-py3-none-any.whl"


# --- the Debian package ---


def debian_package(to: Path, about: Release, wheel: Path, architecture: Architecture) -> Path:
    """Build the package for an architecture; returns its file."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        _environment(root, wheel, architecture)
        _documents(root, about)
        _system_files(root)
        _set_rights(root)
        _control(root, about, architecture)
        for path in [*root.rglob("*"), root]:
            os.utime(path, (about.time_s, about.time_s), follow_symlinks=False)
        package = to / f"{NAME}_{about.version}_{architecture.name}.deb"
        environment = {"SOURCE_DATE_EPOCH": str(about.time_s)}
        _run("dpkg-deb", "--root-owner-group", "-Zxz", "--build", root, package, environment=environment, quiet=True)
    return package


def _environment(root: Path, wheel: Path, architecture: Architecture) -> None:
    """The virtual environment, the command, and the boards that the wheel has as shared data."""
    site = root / SITE
    requirements = ROOT / "docker/requirements.txt"
    _pip("install", "--target", site, "--no-compile", *_for(architecture, PYTHONS[0]), "--require-hashes", "--requirement", requirements)
    _cffi(site, requirements, architecture)
    shutil.rmtree(site / "bin")  # commands of the packages, which nobody needs
    shared = f"{wheel.name.removesuffix('-py3-none-any.whl')}.data/data/share/"
    with zipfile.ZipFile(wheel) as content:
        for name in content.namelist():
            place = root / "usr/share" / name.removeprefix(shared) if name.startswith(shared) else site / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content.read(name))
    home = root / HOME
    (home / "bin").mkdir()
    (home / "pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = false\n")
    (home / "bin/python3").symlink_to("/usr/bin/python3")
    for python in PYTHONS:
        (home / f"lib/python{python}").symlink_to("python3")
    # -I: the environment of whoever calls it, or a module in the folder where he is, changes nothing.
    (home / "bin" / NAME).write_text(f"#!/{HOME}/bin/python3 -I\nimport sys\n\nfrom telegraf_han.cli import main\n\nsys.exit(main())\n")
    shutil.copyfile(ROOT / "docker/bin/mend_buffer.py", home / "bin/mend_buffer.py")
    _link(root / "usr/bin" / NAME, f"/{HOME}/bin/{NAME}")


def _cffi(site: Path, requirements: Path, architecture: Architecture) -> None:
    """The compiled file of cffi for the other versions of Python. Its name has the version, so all are in the same folder."""
    text = re.search(r"^cffi==.*\n(?: .*\n)*", requirements.read_text(), re.MULTILINE)
    assert text is not None
    for python in PYTHONS[1:]:
        with tempfile.TemporaryDirectory() as folder:
            wanted = Path(folder) / "cffi.txt"
            wanted.write_text(text[0])
            _pip("download", "--dest", folder, *_for(architecture, python), "--require-hashes", "--requirement", wanted)
            (wheel,) = Path(folder).glob("cffi-*.whl")
            with zipfile.ZipFile(wheel) as content:
                (name,) = (name for name in content.namelist() if name.startswith("_cffi_backend."))
                (site / name).write_bytes(content.read(name))


def _documents(root: Path, about: Release) -> None:
    """Manual page, completion, changes, licences, examples."""
    share = root / "usr/share"
    with tempfile.TemporaryDirectory() as folder:
        _run(sys.executable, ROOT / "packaging/manual.py", folder, environment={"PYTHONPATH": str(ROOT / "plugin")})
        _packed(share / f"man/man1/{NAME}.1.gz", (Path(folder) / f"{NAME}.1").read_text())
        _copied(Path(folder) / f"{NAME}.bash", share / f"bash-completion/completions/{NAME}")
        _copied(Path(folder) / f"_{NAME}", share / f"zsh/vendor-completions/_{NAME}")
    texts = share / "doc" / NAME
    head, signed = f"{NAME} ({about.version}) stable; urgency=medium", f" -- {MAINTAINER}  {formatdate(about.time_s)}"
    _packed(texts / "changelog.gz", f"{head}\n\n  * CHANGELOG.md.gz beside this file lists the changes.\n\n{signed}\n")
    _packed(texts / "CHANGELOG.md.gz", (ROOT / "CHANGELOG.md").read_text())
    (texts / "copyright").write_text(_licences(root / SITE, about))
    _copied(ROOT / "plugin/telegraf_han/han.sample.toml", texts / "examples/han.toml")
    _copied(ROOT / "telegraf.conf.example", texts / "examples/telegraf.conf")
    for name in EXAMPLES:
        _copied(ROOT / "docs/examples" / name, texts / "examples" / name)
    _copied(DEBIAN / "lintian-overrides", share / "lintian/overrides" / NAME)


def _system_files(root: Path) -> None:
    """The udev rules, without the words on how to copy them, and the folder in /run."""
    _, mark, rules = (ROOT / _RULES).read_text().partition("\nSUBSYSTEM!=")
    assert mark, f"{_RULES} does not begin its rules with SUBSYSTEM!="
    place = root / "usr/lib/udev/rules.d" / Path(_RULES).name
    place.parent.mkdir(parents=True)
    place.write_text(f"# P1 cables and wireless M-Bus receivers: who may open them, and short names that stay the same.\n{mark}{rules}")
    _copied(ROOT / "plugin/telegraf_han/telegraf-han.tmpfiles.conf", root / f"usr/lib/tmpfiles.d/{NAME}.conf")


def _licences(site: Path, about: Release) -> str:
    """The licence of the program, and of each package that is in the environment, in their own words."""
    parts = [
        f"{NAME} {about.version}, {about.homepage}\nLicence: MIT\n\n{(ROOT / 'LICENSE').read_text()}",
        f"/{SITE} has these Python packages of others, as they are on https://pypi.org. No file of theirs is changed.\n",
    ]
    for package in licences.installed(site):
        # Debian has the whole of this one, and does not want it in a package again.
        words = [text.strip() for name, text in package.texts.items() if not name.endswith("LICENSE.APACHE")]
        words += ["The Apache License 2.0 is in /usr/share/common-licenses/Apache-2.0."] if "Apache" in package.licence else []
        parts.append(f"{package.name} {package.version}\nLicence: {package.licence}\n\n" + "\n\n".join(words) + "\n")
    return f"\n{'-' * 72}\n\n".join(parts)


def _set_rights(root: Path) -> None:
    """The same on every machine that builds."""
    for path in [*root.rglob("*"), root]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path == root / HOME / "bin" / NAME else 0o644)


def _control(root: Path, about: Release, architecture: Architecture) -> None:
    """What dpkg knows of the package: dependencies, scripts, triggers, checksums."""
    files = sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    size = sum(-(-path.stat().st_size // 1024) for path in files) + sum(1 for path in root.rglob("*") if path.is_dir())
    folder = root / "DEBIAN"
    folder.mkdir(mode=0o755)
    sums = (f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(root)}\n" for path in files)  # noqa: S324, dpkg's
    (folder / "md5sums").write_text("".join(sums))
    text = (DEBIAN / "control").read_text()
    values = {"version": about.version, "architecture": architecture.name, "maintainer": MAINTAINER, "homepage": about.homepage}
    (folder / "control").write_text(text.format(**values, size_kib=size))
    for name in SCRIPTS:
        _copied(DEBIAN / name, folder / name).chmod(0o755)
    _copied(DEBIAN / "triggers", folder / "triggers")


# --- small steps ---


def _for(architecture: Architecture, python: str) -> list[str]:
    """Options of pip: wheels for that machine and that Python only."""
    return [*architecture.platforms, f"--python-version={python}", "--implementation=cp", "--only-binary=:all:", "--no-deps"]


def _pip(*words: str | Path) -> None:
    _run(sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *words)


def _run(*words: str | Path, cwd: Path | None = None, environment: dict[str, str] | None = None, quiet: bool = False) -> None:
    """Run a program; what it says goes to stderr, because stdout is for what was built."""
    subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL if quiet else sys.stderr,
        check=True,
    )


def _copied(source: Path, to: Path) -> Path:
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, to)
    to.chmod(0o644)
    return to


def _packed(to: Path, text: str) -> None:
    """A text in a file of gzip without a time, as Debian wants documents."""
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def _link(place: Path, target: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(target)


def _built(to: Path, names: list[str]) -> Iterator[Path]:
    """Build everything; yields each file when it is there."""
    about = release()
    wheel = archives(to, about)
    yield wheel
    yield to / f"{NAME.replace('-', '_')}-{about.version}.tar.gz"
    for name in names:
        yield debian_package(to, about, wheel, ARCHITECTURES[name])


def main() -> None:
    """Build, and print each file with its SHA-256."""
    parser = argparse.ArgumentParser(description="builds the wheel, the source archive and the Debian packages")
    parser.add_argument("--to", type=Path, default=ROOT / "dist", metavar="FOLDER", help="where the files go (default: dist)")
    parser.add_argument("--architecture", action="append", choices=list(ARCHITECTURES), help="only this Debian package; may be repeated")
    arguments = parser.parse_args()
    if shutil.which("dpkg-deb") is None:
        parser.exit(2, "E! dpkg-deb is needed to build the Debian package: run this on Debian or Ubuntu, or install dpkg\n")
    arguments.to.mkdir(parents=True, exist_ok=True)
    for path in _built(arguments.to.resolve(), arguments.architecture or list(ARCHITECTURES)):
        print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}", flush=True)


if __name__ == "__main__":
    main()
