"""What was sent does not outlive the server, however that ends."""

import re
import signal
import subprocess
import sys
import time
import urllib.request

import pytest


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_uploads_are_erased_when_the_server_ends(tmp_path, number, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    command = [sys.executable, "-m", "ctpet", "serve", "web", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        origin = re.search(r"http://[^/]+", server.stdout.readline())[0]

        def ask(method, path, data=b""):
            asked = urllib.request.Request(f"{origin}/api/{path}", data, method=method)  # noqa: S310
            asked.add_header("X-Ctpet", "1")
            with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310
                return answer.read().decode()

        try:
            study = re.search(r'"id":"([^"]+)"', ask("POST", "studies"))[1]
            ask("PUT", f"studies/{study}/files/1", b"\0" * 128 + b"DICM a name and a picture")
            assert any(path.suffix == ".dcm" for path in tmp_path.rglob("*"))
        finally:
            server.send_signal(number)
    end = time.monotonic() + 20
    while any(tmp_path.rglob("*.dcm")) and time.monotonic() < end:
        time.sleep(0.1)
    assert not any(path.is_file() and path.stat().st_size for path in tmp_path.rglob("*"))
