"""The page's server: a study in, a sphere and a PET out; and who is kept out."""

import io
import time
import zipfile

import numpy as np
import pytest
from fastapi.testclient import TestClient
from pydicom import dcmread

from ctpet.evaluate.regions import uptake_of
from ctpet.nifti import read_nifti
from ctpet.serve.web.app import make_app
from ctpet.serve.web.settings import Limits, Settings, hosts_of
from tests.dicom_factory import ct_series, write_series

HOST = "127.0.0.1:8040"
OWN = {"X-Ctpet": "1"}
TOKEN = "a token of some length"  # noqa: S105


def client_of(folder, **changes):
    settings = Settings(hosts_of(("127.0.0.1",), 8040), **changes)
    return TestClient(make_app(settings, folder), base_url=f"http://{HOST}", headers=OWN)


@pytest.fixture
def client(tmp_path):
    (tmp_path / "kept").mkdir()
    with client_of(tmp_path / "kept") as client:
        yield client


@pytest.fixture(scope="module")
def slices(tmp_path_factory):
    folder = write_series(ct_series(), tmp_path_factory.mktemp("study") / "ct")
    return [path.read_bytes() for path in sorted(folder.iterdir())]


def sent(client, files):
    study = client.post("/api/studies").json()["id"]
    for number, data in enumerate(files, start=1):
        answer = client.put(f"/api/studies/{study}/files/{number}", content=data)
        assert answer.status_code == 204
    assert client.post(f"/api/studies/{study}/look", json={}).status_code == 202
    return study


def ended(client, study, *phases):
    end = time.monotonic() + 300
    while time.monotonic() < end:
        state = client.get(f"/api/studies/{study}").json()
        if state["phase"] in phases and state["phase"] not in ("looking", "working"):
            return state
        time.sleep(0.1)
    raise AssertionError(state)


def packed(files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for number, one in enumerate(files):
            archive.writestr(f"../../{number}.dcm", one)
    return data.getvalue()


@pytest.mark.parametrize("form", ["slices", "zip"])
def test_a_ct_becomes_a_pet_and_a_sphere_is_measured_as_evaluate_measures(
    client, slices, form, tmp_path
):
    files = slices if form == "slices" else [packed(slices)]
    study = sent(client, files)
    state = ended(client, study, "ready", "refused", "failed")
    assert (state["phase"], state["volumes"]) == ("ready", ["ct"]), state["refusal"]
    assert state["found"]["series"][0]["images"] == len(slices)
    made = client.post(f"/api/studies/{study}/job", json={"model": "tissue-lookup"})
    assert made.status_code == 202
    state = ended(client, study, "done", "refused", "failed")
    assert state["phase"] == "done", state["refusal"]
    pet_path = tmp_path / "pet.nii"
    pet_path.write_bytes(client.get(f"/api/studies/{study}/volumes/pet").content)
    pet = read_nifti(pet_path, "SUVBW")
    centre, radius = pet.geometry.index_to_lps(np.array(pet.array.shape) / 2), 11.0
    told = client.post(
        f"/api/studies/{study}/sphere", json={"centre_mm": list(centre), "radius_mm": radius}
    ).json()
    voxels = np.moveaxis(np.indices(pet.array.shape), 0, -1)
    inside = np.linalg.norm(pet.geometry.index_to_lps(voxels) - centre, axis=-1) <= radius
    expected = uptake_of(pet.array, inside.astype(np.uint8), pet.geometry.spacing_mm, None)[1]
    for name, value in told["uptake"]["pet"].items():
        assert value == pytest.approx(getattr(expected, name), rel=1e-6), name
    archive = client.get(f"/api/studies/{study}/results/dicom.zip")
    with zipfile.ZipFile(io.BytesIO(archive.content)) as opened:
        names = opened.namelist()
        header = dcmread(io.BytesIO(opened.read(names[0])))
    assert (header.Modality, header.SyntheticData) == ("PT", "YES")
    assert len(names) == len(set(names)) == header.NumberOfSlices


def test_what_is_no_study_is_refused_in_both_languages_and_the_server_goes_on(client, slices):
    study = sent(client, [b"no image at all" * 20])
    state = ended(client, study, "refused", "ready", "failed")
    assert (state["phase"], state["refusal"]["code"]) == ("refused", "no-dicom")
    assert "Không có ảnh DICOM" in state["refusal"]["text"]["vi"]
    assert state["refusal"]["remedy"]["en"]
    study = sent(client, [packed(slices)[:-400]])
    assert ended(client, study, "refused", "ready", "failed")["phase"] == "refused"
    assert client.get("/api/session").status_code == 200


def test_what_was_erased_is_not_on_the_disk(client, slices, tmp_path):
    study = sent(client, slices)
    ended(client, study, "ready")
    assert any(path.is_file() for path in (tmp_path / "kept").rglob("*"))
    assert client.delete(f"/api/studies/{study}").status_code == 204
    assert not any(path.is_file() for path in (tmp_path / "kept").rglob("*"))
    assert client.get(f"/api/studies/{study}").json()["code"] == "no-such-study"


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "code"),
    [
        ("GET", "/", {"Host": "evil.example"}, 421, "host-unknown"),
        ("GET", "/api/models", {"Host": "127.0.0.1.evil.example:8040"}, 421, "host-unknown"),
        ("GET", "/api/models", {"Sec-Fetch-Site": "cross-site"}, 403, "other-site"),
        ("POST", "/api/studies", {"Origin": "http://evil.example"}, 403, "other-origin"),
        ("POST", "/api/studies", {"Origin": "null"}, 403, "other-origin"),
    ],
)
def test_what_other_pages_ask_is_kept_out(client, method, path, headers, status, code):
    answer = client.request(method, path, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_form_of_another_page_cannot_send_the_own_header(client):
    del client.headers["X-Ctpet"]
    assert client.post("/api/studies").json()["code"] == "own-header-missing"


def test_every_answer_has_a_policy_and_is_not_kept(client):
    for path in ("/", "/api/models", "/api/studies/none"):
        headers = client.get(path).headers
        assert "script-src 'self';" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"


def test_a_token_is_asked_for_and_the_cookie_opens(tmp_path):
    (tmp_path / "kept").mkdir()
    with client_of(tmp_path / "kept", token=TOKEN) as client:
        assert client.get("/api/models").status_code == 401
        assert client.get("/api/session").json()["token_needed"]
        assert client.post("/api/login", json={"token": "wrong"}).status_code == 401
        answer = client.post("/api/login", json={"token": TOKEN})
        assert answer.status_code == 204
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert client.get("/api/models").status_code == 200


def test_limits_hold(tmp_path):
    (tmp_path / "kept").mkdir()
    limits = Limits(studies=1, study_bytes=1000, study_files=2)
    with client_of(tmp_path / "kept", limits=limits) as client:
        study = client.post("/api/studies").json()["id"]
        assert client.post("/api/studies").json()["code"] == "too-many-studies"
        files = f"/api/studies/{study}/files"
        assert client.put(f"{files}/3", content=b"x").json()["code"] == "too-many-files"
        assert client.put(f"{files}/1", content=b"x" * 1001).json()["code"] == "study-too-large"
        assert client.put(f"{files}/1", content=b"x" * 999).status_code == 204
        assert client.put(f"{files}/2", content=b"x" * 2).json()["code"] == "study-too-large"


def test_no_path_leads_out_of_the_page(client):
    for path in ("/..%2f..%2fpyproject.toml", "/assets/..%2f..%2fapp.py", "/%2e%2e/app.py"):
        assert client.get(path).status_code == 404
