"""Short phrases of digests, where what happened is not told in somebody's own words."""

from typing import Final

import msgspec

from veche.domain.settings import Language


class Phrases(msgspec.Struct, frozen=True):
    """The phrases of one language; ``$count`` and ``$name`` are put in."""

    encrypted: str
    invited: str
    other: str
    conversation: str
    more: str


PHRASES: Final[dict[Language, Phrases]] = {
    "en": Phrases(
        encrypted="An encrypted message; open it in your client.",
        invited="Invites you.",
        other="Something that your client shows.",
        conversation="Conversation with $name",
        more="And more: $count.",
    ),
    "fr": Phrases(
        encrypted="Un message chiffré ; ouvrez-le dans votre client.",
        invited="Vous invite.",
        other="Quelque chose que votre client affiche.",
        conversation="Conversation avec $name",
        more="Et encore : $count.",
    ),
    "ru": Phrases(
        encrypted="Зашифрованное сообщение, откройте его в клиенте.",
        invited="Приглашает вас.",
        other="То, что покажет ваш клиент.",
        conversation="Разговор с $name",
        more="И ещё: $count.",
    ),
}
