"""What the page of a short link says, in all its languages."""

from typing import Final, Literal

import msgspec

from veche.domain.settings import Language

Trouble = Literal["wrong", "too_many", "locked", "too_old", "none", "failed"]


class Texts(msgspec.Struct, frozen=True):
    """All words of one language; the last six say what went wrong."""

    title: str
    lead: str
    name: str
    password: str
    button: str
    foot: str
    wrong: str
    too_many: str
    locked: str
    too_old: str
    none: str
    failed: str


TEXTS: Final[dict[Language, Texts]] = {
    "ru": Texts(
        title="Вам прислали файл",
        lead="Чтобы скачать его, войдите под своей учётной записью этого сервера.",
        name="Имя пользователя",
        password="Пароль",
        button="Скачать",
        foot="Пароль нужен только для этого скачивания: вы не останетесь в системе на этом устройстве.",
        wrong="Имя пользователя или пароль неверны.",
        too_many="Слишком много попыток. Подождите несколько минут и попробуйте снова.",
        locked="Эта учётная запись заблокирована. Обратитесь к администратору.",
        too_old="Пароль устарел. Смените его там, где вы ещё в системе, или попросите администратора о коде сброса.",
        none="Такого файла нет, или вам нельзя его видеть.",
        failed="Сейчас не получилось. Попробуйте ещё раз чуть позже.",
    ),
    "fr": Texts(
        title="On vous a envoyé un fichier",
        lead="Pour le télécharger, identifiez-vous avec votre compte sur ce serveur.",
        name="Nom d’utilisateur",
        password="Mot de passe",
        button="Télécharger",
        foot="Le mot de passe ne sert qu’à ce téléchargement : vous ne restez pas connecté sur cet appareil.",
        wrong="Le nom d’utilisateur ou le mot de passe est incorrect.",
        too_many="Trop de tentatives. Patientez quelques minutes avant de réessayer.",
        locked="Ce compte est verrouillé. Adressez-vous à l’administrateur.",
        too_old="Ce mot de passe est trop ancien. Changez-le là où vous êtes encore connecté, ou demandez un code de"
        " réinitialisation à l’administrateur.",
        none="Ce fichier n’existe pas, ou vous ne pouvez pas le voir.",
        failed="Cela n’a pas fonctionné. Réessayez dans un instant.",
    ),
    "en": Texts(
        title="Somebody sent you a file",
        lead="To download it, sign in with your account on this server.",
        name="User name",
        password="Password",
        button="Download",
        foot="The password is used for this download only: you do not stay signed in on this device.",
        wrong="The user name or the password is wrong.",
        too_many="Too many tries. Please wait some minutes and try again.",
        locked="This account is locked. Please ask your administrator.",
        too_old="The password is too old. Change it where you are still signed in, or ask your administrator for a"
        " reset code.",
        none="There is no such file, or you may not see it.",
        failed="That did not work. Please try again in a moment.",
    ),
}
