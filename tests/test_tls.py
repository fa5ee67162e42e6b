"""TLS with a peer that is not ours: OpenSSL, by its command line and by Python."""

import http.server
import queue
import shutil
import socket
import ssl
import subprocess
import threading

import pytest

from harness import EVENT_S

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(not OPENSSL, reason="no openssl here")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture
def certificate(tmp_path):
    """A certificate for localhost that is its own authority, as most people make one."""
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = [OPENSSL, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-keyout", key, "-out", cert, "-subj", "/O=Example/CN=localhost"]
    subprocess.run(command, check=True, capture_output=True)
    return f'key-file("{key}") cert-file("{cert}") ca-file("{cert}")', key, cert


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_a_client_of_openssl(make_daemon, certificate, version):
    tls, key, cert = certificate
    port = free_port()
    daemon = make_daemon(
        f"""@version: 4.2
log {{
    source {{ syslog(ip(127.0.0.1) port({port}) transport(tls) tls({tls})); }};
    destination {{ file("/dev/stdout" template("$MSG from ${{.tls.x509_cn}}\n")); }};
}};"""
    ).start()
    command = [OPENSSL, "s_client", "-connect", f"127.0.0.1:{port}", "-quiet", "-no_ign_eof", version]
    command += ["-CAfile", cert, "-verify_return_error"]
    shown = ["-cert", cert, "-key", key]
    line = b"<13>1 - host prog - - - hello"
    frame = b"%d %s" % (len(line), line)
    subprocess.run(command + shown, input=frame, check=True, capture_output=True, timeout=EVENT_S)
    daemon.wait_output("hello from localhost")
    subprocess.run(command, input=frame, capture_output=True, timeout=EVENT_S)
    daemon.wait_log("SSL error while reading stream; .*certificate")
    assert len(daemon.output()) == 1


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_a_server_of_openssl(make_daemon, certificate, version, tmp_path):
    tls, key, cert = certificate
    port = free_port()
    command = [OPENSSL, "s_server", "-accept", f"127.0.0.1:{port}", "-cert", cert, "-key", key, version]
    command += ["-quiet", "-Verify", "1", "-CAfile", cert, "-verify_return_error"]
    with open(tmp_path / "received", "wb") as received:
        server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=received, stderr=subprocess.DEVNULL)
        try:
            daemon = make_daemon(
                f"""@version: 4.2
log {{
    source {{ example-msg-generator(num(100) freq(0) template("hello")); }};
    destination {{ network("localhost" port({port}) transport(tls) time-reopen(0.1) tls({tls})
        template("$MSG $SEQNUM\n") flags(seqnum-all)); }};
    flags(flow-control);
}};"""
            ).start()
            daemon.wait_lines(tmp_path / "received", 100)
            daemon.stop()
        finally:
            server.kill()
            server.wait()
    lines = (tmp_path / "received").read_text().splitlines()
    assert lines == [f"hello {n}" for n in range(1, 101)]


def test_a_web_server_of_python(make_daemon, certificate):
    tls, key, cert = certificate
    bodies = queue.Queue()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            bodies.put(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        daemon = make_daemon(
            f"""@version: 4.2
source s {{ example-msg-generator(num(100) freq(0) template("hello")); }};
destination d {{ http(url("https://localhost:{server.server_port}/") batch-lines(100) tls({tls})); }};
log {{ source(s); destination(d); flags(flow-control); }};"""
        ).start()
        messages = []
        while len(messages) < 100:
            messages += bodies.get(timeout=EVENT_S).decode().split("\n")
        assert messages == ["hello"] * 100
        daemon.stop()
    finally:
        server.shutdown()
        server.server_close()
