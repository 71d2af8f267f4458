"""What the page for forgotten passwords says, in each language, as HTML. ``$least`` and the like are put in."""

import msgspec

from veche.api.web.accounts.english import ENGLISH
from veche.api.web.accounts.french import FRENCH
from veche.api.web.accounts.russian import RUSSIAN
from veche.domain.settings import Language


class Texts(msgspec.Struct, frozen=True):
    """All words of one language; ``weak`` says for each part of the policy what is wrong with a password."""

    title: str
    lead: str
    user: str
    user_hint: str
    code: str
    code_hint: str
    password: str
    password_hint: str
    classes_hint: str
    password_again: str
    submit: str
    by_mail: str
    foot: str
    bad_code: str
    too_often: str
    busy: str
    differ: str
    done_title: str
    done_text: str
    weak: dict[str, str]
    classes: dict[str, str]


TEXTS: dict[Language, Texts] = {
    "en": Texts(
        title="A new password",
        lead="Has your administrator given you a code? With it you choose a new password here.",
        user="User name",
        user_hint="With or without the server’s name: anna, or @anna:example.org.",
        code="Code",
        code_hint="Ten letters and digits. It works once, and for 24 hours.",
        password="New password",
        password_hint="At least $least characters. A few words that do not belong together are easy to remember.",
        classes_hint="Also needed: $classes.",
        password_again="The new password again",
        submit="Set the password",
        by_mail="You have no code? Get a letter at the mail address of your account.",
        foot="Such codes are made by the administrators of this server.",
        bad_code="The user name or the code is wrong, or the code is not good any more. Ask for a new one.",
        too_often="There were too many tries. Please wait a quarter of an hour.",
        busy="The server cannot do this just now. Please send the form again in a moment.",
        differ=ENGLISH.differ,
        done_title="The password is changed",
        done_text="You are signed out everywhere. Now sign in with your user name and the new password.",
        weak={**ENGLISH.weak, "forbids_current": "The new password must differ from the present one."},
        classes=ENGLISH.classes,
    ),
    "fr": Texts(
        title="Un nouveau mot de passe",
        lead="Votre administrateur vous a donné un code ? Il vous permet de choisir ici un nouveau mot de passe.",
        user="Nom d’utilisateur",
        user_hint="Avec ou sans le nom du serveur : anna, ou @anna:example.org.",
        code="Code",
        code_hint="Dix lettres et chiffres. Il ne sert qu’une fois et pendant 24 heures.",
        password="Nouveau mot de passe",
        password_hint="Au moins $least caractères. Quelques mots sans rapport entre eux se retiennent facilement.",
        classes_hint="Il faut aussi : $classes.",
        password_again="Le nouveau mot de passe, encore une fois",
        submit="Enregistrer le mot de passe",
        by_mail="Vous n’avez pas de code ? Recevez une lettre à l’adresse électronique de votre compte.",
        foot="Ces codes sont créés par les administrateurs de ce serveur.",
        bad_code="Le nom d’utilisateur ou le code est faux, ou le code n’est plus valable. Demandez-en un autre.",
        too_often="Il y a eu trop d’essais. Attendez un quart d’heure.",
        busy="Le serveur ne peut pas le faire en ce moment. Renvoyez le formulaire dans un instant.",
        differ=FRENCH.differ,
        done_title="Le mot de passe est changé",
        done_text="Vous êtes déconnecté partout. Connectez-vous avec votre nom d’utilisateur et le nouveau mot de"
        " passe.",
        weak={**FRENCH.weak, "forbids_current": "Le nouveau mot de passe doit différer de l’actuel."},
        classes=FRENCH.classes,
    ),
    "ru": Texts(
        title="Новый пароль",
        lead="Администратор дал вам код? С ним вы выберете здесь новый пароль.",
        user="Имя пользователя",
        user_hint="С именем сервера или без него: anna или @anna:example.org.",
        code="Код",
        code_hint="Десять букв и цифр. Действует один раз и 24 часа.",
        password="Новый пароль",
        password_hint="Не короче $least знаков. Несколько слов, не связанных между собой, легко запомнить.",
        classes_hint="И ещё не обойтись без: $classes.",
        password_again="Новый пароль ещё раз",
        submit="Сохранить пароль",
        by_mail="Кода нет? Получите письмо на адрес почты своей учётной записи.",
        foot="Такие коды создают администраторы этого сервера.",
        bad_code="Имя пользователя или код неверны, или код больше не действует. Попросите новый.",
        too_often="Слишком много попыток. Подождите четверть часа.",
        busy="Сейчас сервер не может этого сделать. Отправьте форму ещё раз через минуту.",
        differ=RUSSIAN.differ,
        done_title="Пароль изменён",
        done_text="Все сеансы завершены. Войдите под своим именем с новым паролем.",
        weak={**RUSSIAN.weak, "forbids_current": "Новый пароль должен отличаться от нынешнего."},
        classes=RUSSIAN.classes,
    ),
}
