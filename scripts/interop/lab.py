"""A small world of its own: certificates, and a login service that is not ours, for real mail servers to trust."""

import base64
import contextlib
import datetime
import http.server
import ipaddress
import json
import pathlib
import ssl
import threading
import time
import urllib.parse

TENANT = "11111111-2222-4333-8444-555555555555"
CLIENT = "66666666-7777-4888-9999-aaaaaaaaaaaa"
OBJECT = "bbbbbbbb-cccc-4ddd-8eee-ffffffffffff"
MAILBOX = "app@lab.test"
AUDIENCE = "https://outlook.office365.com"
KEY_ID = "labkey"
# What a secret brings: claims laid over those of a good token.
GOOD, FOREIGN, LONG = "good~lab.secret", "foreign~lab.secret", "long~lab.secret"


class Lab:
    """Keys, certificate and login service; files go to the folder."""

    def __init__(self, folder):
        # Where one of them is missing, the peers are skipped here and not in the middle of an answer.
        import cryptography  # noqa: F401
        import jwt  # noqa: F401

        self.folder = pathlib.Path(folder)
        self.ca_file, self.cert, self.key = (self.folder / name for name in ("ca.pem", "cert.pem", "key.pem"))
        self.make_certificates()
        self.make_token_key()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(self))
        self.port = self.server.server_port
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert, self.key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.login = f"https://localhost:{self.port}"
        self.issuer = f"{self.login}/{TENANT}/"

    def make_certificates(self):
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

        now = datetime.datetime.now(datetime.timezone.utc)
        name = lambda words: x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, words)])
        ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        identifier = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())

        def builder(subject, public):
            made = x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name("Lab CA"))
            made = made.public_key(public).serial_number(x509.random_serial_number())
            return made.not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(
                now + datetime.timedelta(days=2))

        usage = dict.fromkeys(
            ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"], False)
        ca = builder("Lab CA", ca_key.public_key()).add_extension(x509.BasicConstraints(True, None), True)
        ca = ca.add_extension(x509.KeyUsage(**{**usage, "key_cert_sign": True}), True)
        ca = ca.add_extension(identifier, False).sign(ca_key, hashes.SHA256())
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        leaf = builder("localhost", key.public_key()).add_extension(x509.BasicConstraints(False, None), True)
        leaf = leaf.add_extension(x509.SubjectAlternativeName(names), False)
        leaf = leaf.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
        leaf = leaf.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False)
        pem = serialization.Encoding.PEM
        self.ca_file.write_bytes(ca.public_bytes(pem))
        self.cert.write_bytes(leaf.sign(ca_key, hashes.SHA256()).public_bytes(pem))
        self.key.write_bytes(private_pem(key))
        self.key.chmod(0o600)

    def make_token_key(self):
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import rsa

        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.signing_key = private_pem(key)
        public = key.public_key()
        # Where Dovecot looks for the key of an issuer: keys/<azp or "default">/<algorithm>/<kid>
        place = self.folder / "keys" / "default" / "RS256"
        place.mkdir(parents=True)
        (place / KEY_ID).write_bytes(public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
        number = lambda n: base64.urlsafe_b64encode(n.to_bytes((n.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()
        numbers = public.public_numbers()
        self.jwk = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID, "n": number(numbers.n),
                    "e": number(numbers.e)}

    def token(self, secret):
        """A token as Entra makes them, plus the address by which Dovecot knows the user."""
        import jwt

        now = int(time.time())
        claims = {
            "aud": AUDIENCE, "iss": self.issuer, "iat": now - 60, "nbf": now - 60, "exp": now + 3600,
            "appid": CLIENT, "idtyp": "app", "oid": OBJECT, "sub": OBJECT, "tid": TENANT, "ver": "1.0",
            "roles": ["SMTP.SendAsApp"], "email": MAILBOX,
        }
        if secret == FOREIGN:
            claims["email"] = "somebody.else@lab.test"
        if secret == LONG:
            claims["wids"] = ["0997a1d0-0d1d-4acb-b408-d5ca73121e90"] * 60
        return jwt.encode(claims, self.signing_key, "RS256", headers={"kid": KEY_ID})

    def answer(self, path, form):
        """Status and JSON for a request; a form makes it a POST."""
        base = f"{self.login}/{TENANT}"
        if path == f"/{TENANT}/oauth2/v2.0/token" and form is not None:
            secret = form.get("client_secret")
            if form.get("client_id") != CLIENT or secret not in (GOOD, FOREIGN, LONG):
                return 401, {"error": "invalid_client", "error_description": "unknown client"}
            return 200, {"token_type": "Bearer", "expires_in": 3600, "access_token": self.token(secret)}
        if path == f"/{TENANT}/discovery/v2.0/keys":
            return 200, {"keys": [self.jwk]}
        if path.endswith("/.well-known/openid-configuration") and path.startswith(f"/{TENANT}/"):
            return 200, {
                "issuer": f"{base}/v2.0", "token_endpoint": f"{base}/oauth2/v2.0/token",
                "jwks_uri": f"{base}/discovery/v2.0/keys", "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            }
        return 404, {"error": "not_found"}

    def config(self, smtp, secret):
        """A configuration file of ours for this world, its hosts in a `[cloud.lab]` of its own."""
        file = self.folder / f"{secret.split('~')[0]}-{smtp}.toml"
        file.write_text(
            f'default = "lab"\n[cloud.lab]\nlogin = "{self.login}"\nsmtp = "localhost:{smtp}"\n'
            f'issuer_v1 = "{self.login}/"\nca_file = "ca.pem"\n'
            f'[profile.lab]\ncloud = "lab"\ntenant = "{TENANT}"\nclient_id = "{CLIENT}"\n'
            f'client_secret = "{secret}"\nmailbox = "{MAILBOX}"\nto = "bob@lab.test"\ntimeout = "20s"\n'
        )
        file.chmod(0o600)
        return file


def private_pem(key):
    from cryptography.hazmat.primitives import serialization

    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def handler(lab):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.reply(None)

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            self.reply(dict(urllib.parse.parse_qsl(body)))

        def reply(self, form):
            status, words = lab.answer(urllib.parse.urlsplit(self.path).path, form)
            body = json.dumps(words).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler


@contextlib.contextmanager
def lab(folder):
    """The login service for one block."""
    world = Lab(folder)
    thread = threading.Thread(target=world.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield world
    finally:
        world.server.shutdown()
        world.server.server_close()
