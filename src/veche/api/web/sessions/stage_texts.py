"""What the pages for stages of registering say, in each language."""

from typing import Final

import msgspec

from veche.domain.settings import Language


class Texts(msgspec.Struct, frozen=True):
    """All words of one language; ``lead`` stands where nothing is to be typed."""

    title: str
    lead: str
    lead_of_token: str
    token: str
    token_hint: str
    submit: str
    bad_token: str
    ended: str
    done_title: str
    done_text: str


TEXTS: Final[dict[Language, Texts]] = {
    "en": Texts(
        title="Your new account",
        lead="The program in which you make your account sent you here. Confirm that you want to go on.",
        lead_of_token="Accounts on this server are made with a registration token.",
        token="Registration token",
        token_hint="You have it from whoever invited you, an administrator of this server for example.",
        submit="Go on",
        bad_token="This token is not good, or not any more. Ask for another one.",
        ended="This has taken too long, or was begun elsewhere. Begin again in your program.",
        done_title="Done",
        done_text="Go back to the program in which you make your account; this page can be closed.",
    ),
    "fr": Texts(
        title="Votre nouveau compte",
        lead="Le programme dans lequel vous créez votre compte vous a envoyé ici. Confirmez que vous voulez continuer.",
        lead_of_token="Sur ce serveur, un jeton d’inscription est nécessaire pour créer un compte.",
        token="Jeton d’inscription",
        token_hint="La personne qui vous a invité vous l’a donné, par exemple un administrateur de ce serveur.",
        submit="Continuer",
        bad_token="Ce jeton n’est pas valable, ou ne l’est plus. Demandez-en un autre.",
        ended="Cela a pris trop de temps, ou a commencé ailleurs. Recommencez dans votre programme.",
        done_title="C’est fait",
        done_text="Retournez au programme dans lequel vous créez votre compte ; cette page peut être fermée.",
    ),
    "ru": Texts(
        title="Новая учётная запись",
        lead="Вас направила сюда программа, в которой вы создаёте учётную запись. Подтвердите, что хотите продолжить.",
        lead_of_token="Чтобы создать учётную запись на этом сервере, нужен код регистрации.",
        token="Код регистрации",
        token_hint="Его даёт тот, кто вас пригласил, например администратор сервера.",
        submit="Продолжить",
        bad_token="Этот код не подходит или больше не действует. Попросите другой.",
        ended="Прошло слишком много времени, или это начато в другом месте. Начните в своей программе сначала.",
        done_title="Готово",
        done_text="Вернитесь в программу, в которой создаёте учётную запись. Эту страницу можно закрыть.",
    ),
}
