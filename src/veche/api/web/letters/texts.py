"""What the pages about letters say, in each language, as HTML. ``$address`` and the like are put in."""

from typing import Final

import msgspec

from veche.domain.accounts.addresses import Purpose
from veche.domain.settings import Language


class Texts(msgspec.Struct, frozen=True):
    """All words of one language.

    ``confirm`` has title and text of the page behind a link, by what the letter was sent for.
    """

    ask_title: str
    ask_lead: str
    address: str
    address_hint: str
    ask: str
    with_code: str
    sent_title: str
    sent_lead: str
    code: str
    code_hint: str
    bad_code: str
    bad_address: str
    choose_title: str
    choose_lead: str
    confirm: dict[Purpose, tuple[str, str]]
    asked_from: str
    yes: str
    not_you: str
    confirmed_title: str
    confirmed_text: str
    go_on: str
    gone_title: str
    gone_text: str
    off_title: str
    off_text: str
    end_title: str
    end_text: str
    end: str
    ended_title: str
    ended_text: str


TEXTS: Final[dict[Language, Texts]] = {
    "en": Texts(
        ask_title="A new password by mail",
        ask_lead="Give the mail address of your account, and we send you a letter with a link and a code.",
        address="Mail address",
        address_hint="The one that you added to your account.",
        ask="Send the letter",
        with_code="You have a code from an administrator?",
        sent_title="Look into your mailbox",
        sent_lead="If <b>$address</b> belongs to an account here, a letter is on its way. Open the link in it, or"
        " enter its code here.",
        code="Code",
        code_hint="Six digits. It is good for an hour.",
        bad_code="The code is wrong, or not good any more. Open the link in the letter, or ask for another letter.",
        bad_address="This is no mail address.",
        choose_title="A new password",
        choose_lead="Choose a new password for the account of <b>$address</b>.",
        confirm={
            "register": (
                "Is this address yours?",
                "With your confirmation an account is made on <b>$server</b> with the address <b>$address</b>.",
            ),
            "add": (
                "Is this address yours?",
                (
                    "With your confirmation <b>$address</b> is added to the account on <b>$server</b> from"
                    " which that was asked."
                ),
            ),
            "reset": (
                "Did you ask for a new password?",
                (
                    "With your confirmation whoever asked may choose a new password for the account of"
                    " <b>$address</b> on <b>$server</b>, and read what is there. Confirm only if it was you."
                ),
            ),
        },
        asked_from="The request came from $origin.",
        yes="Yes, that was me",
        not_you="It was not you? Then close this page: nothing happens.",
        confirmed_title="Confirmed",
        confirmed_text="Now go on where you began.",
        go_on="Go on",
        gone_title="This link does not work",
        gone_text="It is older than an hour, it was used, or another letter took its place. Ask for a new one where"
        " you asked for this one.",
        off_title="This server sends no mail",
        off_text="Ask its administrator for a code with which you can choose a new password.",
        end_title="No more letters?",
        end_text="Shall letters about what you have not read no longer go to <b>$address</b>?",
        end="Stop these letters",
        ended_title="No more letters",
        ended_text="<b>$address</b> gets no more letters about what you have not read. In your client you can ask"
        " for them again.",
    ),
    "fr": Texts(
        ask_title="Un nouveau mot de passe par courriel",
        ask_lead="Indiquez l’adresse électronique de votre compte : nous vous envoyons une lettre avec un lien et"
        " un code.",
        address="Adresse électronique",
        address_hint="Celle que vous avez ajoutée à votre compte.",
        ask="Envoyer la lettre",
        with_code="Un administrateur vous a donné un code ?",
        sent_title="Regardez dans votre boîte aux lettres",
        sent_lead="Si <b>$address</b> appartient à un compte ici, une lettre est en route. Ouvrez le lien qu’elle"
        " contient, ou saisissez ici son code.",
        code="Code",
        code_hint="Six chiffres. Il est valable une heure.",
        bad_code="Le code est faux ou n’est plus valable. Ouvrez le lien de la lettre, ou demandez une autre lettre.",
        bad_address="Ce n’est pas une adresse électronique.",
        choose_title="Un nouveau mot de passe",
        choose_lead="Choisissez un nouveau mot de passe pour le compte de <b>$address</b>.",
        confirm={
            "register": (
                "Cette adresse est-elle la vôtre ?",
                "Avec votre confirmation, un compte est créé sur <b>$server</b> avec l’adresse <b>$address</b>.",
            ),
            "add": (
                "Cette adresse est-elle la vôtre ?",
                "Avec votre confirmation, <b>$address</b> est ajoutée au compte de <b>$server</b> qui l’a demandé.",
            ),
            "reset": (
                "Avez-vous demandé un nouveau mot de passe ?",
                (
                    "Avec votre confirmation, la personne qui l’a demandé pourra choisir un nouveau mot de"
                    " passe pour le compte de <b>$address</b> sur <b>$server</b> et lire ce qui s’y trouve. Ne"
                    " confirmez que si c’était vous."
                ),
            ),
        },
        asked_from="La demande vient de $origin.",
        yes="Oui, c’était moi",
        not_you="Ce n’était pas vous ? Fermez cette page : rien ne se passera.",
        confirmed_title="C’est confirmé",
        confirmed_text="Continuez maintenant là où vous avez commencé.",
        go_on="Continuer",
        gone_title="Ce lien ne fonctionne pas",
        gone_text="Il date de plus d’une heure, il a déjà servi, ou une autre lettre l’a remplacé. Demandez-en une"
        " nouvelle là où vous avez demandé celle-ci.",
        off_title="Ce serveur n’envoie pas de lettres",
        off_text="Demandez à son administrateur un code pour choisir un nouveau mot de passe.",
        end_title="Plus de lettres ?",
        end_text="Ne faut-il plus envoyer à <b>$address</b> de lettres sur ce que vous n’avez pas lu ?",
        end="Arrêter ces lettres",
        ended_title="Plus de lettres",
        ended_text="<b>$address</b> ne reçoit plus de lettres sur ce que vous n’avez pas lu. Vous pouvez les"
        " redemander dans votre client.",
    ),
    "ru": Texts(
        ask_title="Новый пароль по почте",
        ask_lead="Укажите адрес почты своей учётной записи, и мы пришлём письмо со ссылкой и кодом.",
        address="Адрес почты",
        address_hint="Тот, который вы добавили к учётной записи.",
        ask="Прислать письмо",
        with_code="Код вам дал администратор?",
        sent_title="Проверьте почту",
        sent_lead="Если <b>$address</b> принадлежит учётной записи на этом сервере, письмо уже в пути. Откройте"
        " ссылку из него или введите здесь код.",
        code="Код",
        code_hint="Шесть цифр. Действует один час.",
        bad_code="Код неверен или больше не действует. Откройте ссылку из письма или попросите другое письмо.",
        bad_address="Это не адрес почты.",
        choose_title="Новый пароль",
        choose_lead="Выберите новый пароль для учётной записи с адресом <b>$address</b>.",
        confirm={
            "register": (
                "Это ваш адрес?",
                "С вашим подтверждением на <b>$server</b> появится учётная запись с адресом <b>$address</b>.",
            ),
            "add": (
                "Это ваш адрес?",
                (
                    "С вашим подтверждением <b>$address</b> будет добавлен к той учётной записи на"
                    " <b>$server</b>, из которой об этом попросили."
                ),
            ),
            "reset": (
                "Вы просили о новом пароле?",
                (
                    "С вашим подтверждением тот, кто об этом попросил, сможет выбрать новый пароль для учётной"
                    " записи с адресом <b>$address</b> на <b>$server</b> и прочесть всё, что там есть."
                    " Подтверждайте, только если это были вы."
                ),
            ),
        },
        asked_from="Запрос пришёл с $origin.",
        yes="Да, это я",
        not_you="Это были не вы? Закройте страницу: ничего не произойдёт.",
        confirmed_title="Подтверждено",
        confirmed_text="Теперь продолжайте там, где начали.",
        go_on="Продолжить",
        gone_title="Ссылка не работает",
        gone_text="Ей больше часа, её уже использовали или её заменило другое письмо. Попросите новое там же, где"
        " просили это.",
        off_title="Этот сервер не отправляет писем",
        off_text="Попросите у его администратора код, с которым можно выбрать новый пароль.",
        end_title="Больше не писать?",
        end_text="Больше не присылать на <b>$address</b> письма о непрочитанном?",
        end="Прекратить письма",
        ended_title="Писем больше не будет",
        ended_text="На <b>$address</b> больше не приходят письма о непрочитанном. Попросить о них снова можно в"
        " клиенте.",
    ),
}
