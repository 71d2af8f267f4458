"""The page about trust in English."""

from veche.api.web.trust.texts import Texts

ENGLISH = Texts(
    title="Trust $server_name",
    lead="Your device does not know this server yet. Introduce them once, and everything between them is encrypted and"
    " the browser warns no more.",
    why="This server works inside your organisation and signs its own certificate. Install its certificate authority,"
    " and your device can tell it from an impostor.",
    download="Download the certificate",
    kind="ca.crt · valid until $last_year",
    fingerprint_title="Is it the right one?",
    compare="This page came unencrypted, so somebody on the way could have changed it. Ask your administrator for the"
    " fingerprint, on paper or by telephone, and compare it with what your device shows before you trust the"
    " certificate. The administrator sees it with <code>veche tls status</code>.",
    how="How to install it",
    mine="this device",
    commands="The SHA-256 of the downloaded file is the same fingerprint:",
    finish="Done? Open",
    foot="Trust it only on devices that are meant to work with this server.",
    steps={
        "windows": (
            "Windows",
            (
                "Download the certificate and open the file, then choose <b>Install Certificate…</b>",
                "Choose <b>Local Machine</b>, or <b>Current User</b> where you may not change the machine.",
                (
                    "Choose <b>Place all certificates in the following store</b>, <b>Browse…</b>, and there"
                    " <b>Trusted Root Certification Authorities</b>."
                ),
                "Finish, and confirm the question. Start the browser again.",
                "For many machines at once: <code>certutil -addstore -f Root ca.crt</code>, or a group policy.",
            ),
        ),
        "macos": (
            "macOS",
            (
                (
                    "Download the certificate and open the file; <b>Keychain Access</b> adds it to the keychain"
                    " <b>System</b> or <b>login</b>."
                ),
                "Find <b>$authority</b> there and open it.",
                "Under <b>Trust</b>, set <b>When using this certificate</b> to <b>Always Trust</b>.",
                "Close the window and enter your password.",
            ),
        ),
        "android": (
            "Android",
            (
                "Download the certificate.",
                (
                    "Open <b>Settings</b>, <b>Security &amp; privacy</b>, <b>More security settings</b>,"
                    " <b>Encryption &amp; credentials</b>, <b>Install a certificate</b>, <b>CA certificate</b>."
                    " (Search the settings for “certificate” if yours are arranged otherwise.)"
                ),
                "Choose <b>Install anyway</b> and pick the file <b>ca.crt</b>.",
                (
                    "Firefox: in <b>Settings</b>, <b>About Firefox</b>, tap the logo until secret settings are offered,"
                    " and switch on <b>Use third party CA certificates</b> there."
                ),
            ),
        ),
        "ios": (
            "iPhone, iPad",
            (
                "Open this page in <b>Safari</b>, download the certificate and allow the profile.",
                "Open <b>Settings</b>, <b>Profile Downloaded</b>, and choose <b>Install</b>.",
                (
                    "Then open <b>General</b>, <b>About</b>, <b>Certificate Trust Settings</b>, and"
                    " switch on full trust"
                    " for <b>$authority</b>. Without this step it is installed and not trusted."
                ),
            ),
        ),
        "linux": (
            "Linux",
            (
                (
                    "Debian, Ubuntu: <code>curl -o veche.crt $page/ca.pem</code>, then"
                    " <code>sudo cp veche.crt /usr/local/share/ca-certificates/</code> and"
                    " <code>sudo update-ca-certificates</code>."
                ),
                (
                    "Fedora, RHEL, openSUSE: put the file into <code>/etc/pki/ca-trust/source/anchors/</code>"
                    " (openSUSE: <code>/etc/pki/trust/anchors/</code>) and run <code>sudo update-ca-trust</code>"
                    " (openSUSE: <code>sudo update-ca-certificates</code>)."
                ),
                (
                    "Chrome, Chromium, Edge: <code>chrome://certificate-manager</code>, <b>Custom</b>,"
                    " <b>Installed by you</b>, <b>Trusted certificates</b>, <b>Import</b>."
                ),
                (
                    "Node.js programs: <code>NODE_EXTRA_CA_CERTS=veche.crt</code>. Python:"
                    " <code>SSL_CERT_FILE=veche.crt</code>."
                ),
            ),
        ),
        "firefox": (
            "Firefox",
            (
                "On Windows and macOS install it into the system as above; Firefox takes it over from there.",
                (
                    "Elsewhere: <b>Settings</b>, <b>Privacy &amp; Security</b>, <b>Certificates</b>,"
                    " <b>View Certificates…</b>, <b>Authorities</b>, <b>Import…</b>, and pick <b>ca.crt</b>."
                ),
                "Tick <b>Trust this CA to identify websites</b>.",
            ),
        ),
    },
)
