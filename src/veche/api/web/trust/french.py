"""The page about trust in French."""

from veche.api.web.trust.texts import Texts

FRENCH = Texts(
    title="Faire confiance à $server_name",
    lead="Votre appareil ne connaît pas encore ce serveur. Présentez-les une fois : tout ce qu’ils échangent sera"
    " chiffré et le navigateur n’avertira plus.",
    why="Ce serveur travaille à l’intérieur de votre organisation et signe lui-même son certificat. Une fois son"
    " autorité de certification installée, votre appareil le distingue d’un imposteur.",
    download="Télécharger le certificat",
    kind="ca.crt · valable jusqu’en $last_year",
    fingerprint_title="Est-ce le bon ?",
    compare="Cette page vous est parvenue sans chiffrement : quelqu’un a pu la modifier en chemin. Demandez l’empreinte"
    " à votre administrateur, sur papier ou par téléphone, et comparez-la avec celle que montre votre appareil avant de"
    " faire confiance au certificat. L’administrateur la voit avec <code>veche tls status</code>.",
    how="Comment l’installer",
    mine="cet appareil",
    commands="Le SHA-256 du fichier téléchargé est cette même empreinte :",
    finish="C’est fait ? Ouvrez",
    foot="Ne l’installez que sur les appareils destinés à travailler avec ce serveur.",
    steps={
        "windows": (
            "Windows",
            (
                "Téléchargez le certificat, ouvrez le fichier et choisissez <b>Installer un certificat…</b>",
                (
                    "Choisissez <b>Ordinateur local</b>, ou <b>Utilisateur actuel</b> si vous ne pouvez pas modifier la"
                    " machine."
                ),
                (
                    "Choisissez <b>Placer tous les certificats dans le magasin suivant</b>, <b>Parcourir…</b>, puis"
                    " <b>Autorités de certification racines de confiance</b>."
                ),
                "Terminez et confirmez la question. Redémarrez le navigateur.",
                (
                    "Pour un parc de machines : <code>certutil -addstore -f Root ca.crt</code>, ou une"
                    " stratégie de groupe."
                ),
            ),
        ),
        "macos": (
            "macOS",
            (
                (
                    "Téléchargez le certificat et ouvrez le fichier ; <b>Trousseaux d’accès</b> l’ajoute au trousseau"
                    " <b>Système</b> ou <b>session</b>."
                ),
                "Cherchez-y <b>$authority</b> et ouvrez-le.",
                (
                    "Sous <b>Se fier</b>, réglez <b>Lors de l’utilisation de ce certificat</b> sur"
                    " <b>Toujours approuver</b>."
                ),
                "Fermez la fenêtre et saisissez votre mot de passe.",
            ),
        ),
        "android": (
            "Android",
            (
                "Téléchargez le certificat.",
                (
                    "Ouvrez <b>Paramètres</b>, <b>Sécurité et confidentialité</b>, <b>Autres paramètres"
                    " de sécurité</b>,"
                    " <b>Chiffrement et identifiants</b>, <b>Installer un certificat</b>, <b>Certificat CA</b>."
                    " (Cherchez « certificat » dans les paramètres si les vôtres sont rangés autrement.)"
                ),
                "Choisissez <b>Installer quand même</b> et désignez le fichier <b>ca.crt</b>.",
                (
                    "Firefox : dans <b>Paramètres</b>, <b>À propos de Firefox</b>, touchez le logo jusqu’à ce que des"
                    " paramètres secrets soient proposés, et activez-y l’usage des certificats d’autorités tierces."
                ),
            ),
        ),
        "ios": (
            "iPhone, iPad",
            (
                "Ouvrez cette page dans <b>Safari</b>, téléchargez le certificat et autorisez le profil.",
                "Ouvrez <b>Réglages</b>, <b>Profil téléchargé</b>, et choisissez <b>Installer</b>.",
                (
                    "Ouvrez ensuite <b>Général</b>, <b>Informations</b>, <b>Réglages de confiance des"
                    " certificats</b>, et"
                    " activez la confiance totale pour <b>$authority</b>. Sans cette étape il est installé, mais sans"
                    " effet."
                ),
            ),
        ),
        "linux": (
            "Linux",
            (
                (
                    "Debian, Ubuntu : <code>curl -o veche.crt $page/ca.pem</code>, puis"
                    " <code>sudo cp veche.crt /usr/local/share/ca-certificates/</code> et"
                    " <code>sudo update-ca-certificates</code>."
                ),
                (
                    "Fedora, RHEL, openSUSE : placez le fichier dans <code>/etc/pki/ca-trust/source/anchors/</code>"
                    " (openSUSE : <code>/etc/pki/trust/anchors/</code>) et lancez <code>sudo update-ca-trust</code>"
                    " (openSUSE : <code>sudo update-ca-certificates</code>)."
                ),
                (
                    "Chrome, Chromium, Edge : <code>chrome://certificate-manager</code>, <b>Personnalisés</b>,"
                    " <b>Installés par vous</b>, <b>Certificats de confiance</b>, <b>Importer</b>."
                ),
                (
                    "Programmes Node.js : <code>NODE_EXTRA_CA_CERTS=veche.crt</code>. Python :"
                    " <code>SSL_CERT_FILE=veche.crt</code>."
                ),
            ),
        ),
        "firefox": (
            "Firefox",
            (
                "Sous Windows et macOS, installez-le dans le système comme ci-dessus ; Firefox l’y reprend.",
                (
                    "Ailleurs : <b>Paramètres</b>, <b>Vie privée et sécurité</b>, <b>Certificats</b>,"
                    " <b>Afficher les certificats…</b>, <b>Autorités</b>, <b>Importer…</b>, et désignez <b>ca.crt</b>."
                ),
                "Cochez <b>Confirmer cette AC pour identifier des sites web</b>.",
            ),
        ),
    },
)
