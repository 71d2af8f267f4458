"""The pages behind the first link in French."""

from veche.api.web.accounts.texts import Texts

FRENCH = Texts(
    title="Bienvenue sur votre serveur",
    lead="<b>$server</b> fonctionne et personne n’y a encore de compte. Créez le premier : ce sera celui de"
    " l’administrateur.",
    full_name="Nom complet",
    full_name_hint="Tel que vos collègues le verront.",
    username="Nom d’utilisateur",
    username_hint="Pour vous connecter : a–z, 0–9 et . _ = - / +. Laissez le champ vide et il sera formé à partir de"
    " votre nom, par exemple anna.ivanova.",
    password="Mot de passe",
    password_hint="Au moins $least caractères. Quelques mots sans rapport entre eux se retiennent facilement.",
    password_again="Le mot de passe, encore une fois",
    submit="Créer le compte",
    foot="Ce lien ne sert qu’une fois et pendant 24 heures. Personne d’autre ne l’a, à moins que vous ne le donniez.",
    bad_full_name="Indiquez ici votre nom, sur une ligne et en 256 caractères au plus.",
    bad_username="Un nom d’utilisateur se compose de a–z, 0–9 et . _ = - / +, dans les limites fixées par ce serveur.",
    proposal="Peut-être : <b>$proposal</b>",
    no_username="Impossible de former un nom d’utilisateur à partir de votre nom ; choisissez-en un.",
    username_taken="Ce nom d’utilisateur est déjà pris.",
    weak={
        "least_length": "Le mot de passe doit compter au moins $least caractères.",
        "most_length": "Le mot de passe est trop long.",
        "classes": "Il manque au mot de passe : $missing.",
        "forbids_common": "C’est l’un des mots de passe que tout le monde essaie d’abord. Choisissez-en un autre.",
        "forbids_user_name": "Le mot de passe ne doit pas contenir le nom d’utilisateur.",
    },
    classes={"lower": "une minuscule", "upper": "une majuscule", "digit": "un chiffre", "symbol": "un autre caractère"},
    differ="Les deux mots de passe diffèrent.",
    busy="Le serveur ne peut pas le faire en ce moment. Renvoyez le formulaire dans un instant.",
    done_title="Vous êtes l’administrateur",
    done_lead="Votre compte est prêt, $name. Ce lien a servi ; vous n’en aurez plus besoin.",
    done_user="Vous vous connectez sous le nom",
    done_address="Adresse du serveur, pour les clients Matrix",
    done_next="Et maintenant",
    done_client="Ouvrez un client Matrix, par exemple Element. Quand il demande le serveur, indiquez l’adresse"
    " ci-dessus, puis connectez-vous avec votre nom d’utilisateur et votre mot de passe.",
    done_trust='Si un appareil se méfie du certificat, <a href="$trust">cette page</a> explique comment l’accepter.',
    done_rooms="Ces salons sont ouverts à tous : <b>$rooms</b>.",
    done_people="Faites venir vos collègues : <code>veche token add</code>, sur le serveur, crée un jeton avec lequel"
    " ils s’inscrivent ; <code>veche user import</code> reprend tout un tableau de personnes.",
    gone_title="Ce lien ne fonctionne pas",
    gone_text="Il a peut-être déjà servi, ou date de plus de 24 heures ; et quand le serveur redémarre, un nouveau lien"
    " le remplace.",
    gone_help="Personne n’a encore de compte ? Redémarrez le serveur : il affiche un nouveau lien. Ou bien utilisez"
    " <code>veche user add NOM --admin</code> sur le serveur lui-même.",
)
