"""The pages behind the first link in English."""

from veche.api.web.accounts.texts import Texts

ENGLISH = Texts(
    title="Welcome to your server",
    lead="<b>$server</b> is running, and nobody has an account yet. Make the first one: it is the administrator’s.",
    full_name="Full name",
    full_name_hint="As your colleagues will see it.",
    username="User name",
    username_hint="For signing in: a–z, 0–9 and . _ = - / +. Leave it empty to have one made from your name, such as"
    " anna.ivanova.",
    password="Password",
    password_hint="At least $least characters. A few words that do not belong together are easy to remember.",
    password_again="The password again",
    submit="Make the account",
    foot="This link works once, and for 24 hours. Nobody else can have it unless you pass it on.",
    bad_full_name="Please write your name here, on one line and in at most 256 characters.",
    bad_username="A user name is made of a–z, 0–9 and . _ = - / +, as this server allows.",
    proposal="Perhaps: <b>$proposal</b>",
    no_username="No user name can be made from your name; please choose one.",
    username_taken="That user name is taken.",
    weak={
        "least_length": "The password needs at least $least characters.",
        "most_length": "The password is too long.",
        "classes": "The password also needs: $missing.",
        "forbids_common": "That is one of the passwords that everybody tries first. Please choose another.",
        "forbids_user_name": "The password must not hold the user name.",
    },
    classes={"lower": "a small letter", "upper": "a capital letter", "digit": "a digit", "symbol": "another character"},
    differ="The two passwords differ.",
    busy="The server cannot do this just now. Please send the form again in a moment.",
    done_title="You are the administrator",
    done_lead="Your account is ready, $name. This link is used up; you will not need it again.",
    done_user="You sign in as",
    done_address="Address of the server, for Matrix clients",
    done_next="How to go on",
    done_client="Open any Matrix client, for example Element. Where it asks for the server, enter the address above;"
    " then sign in with your user name and password.",
    done_trust='Where a device warns about the certificate, <a href="$trust">this page</a> explains how to trust it.',
    done_rooms="These rooms are there for everybody: <b>$rooms</b>.",
    done_people="Bring your colleagues in: <code>veche token add</code> on the server makes a token with which they"
    " register, <code>veche user import</code> takes a whole table of people.",
    gone_title="This link does not work",
    gone_text="It may have been used, or be older than 24 hours; and when the server starts again, a new link takes its"
    " place.",
    gone_help="Nobody has an account yet? Start the server again: it prints a new link. Or use"
    " <code>veche user add NAME --admin</code> on the server itself.",
)
