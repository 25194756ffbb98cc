"""The words with which the product comes, until a company writes its own. Templates to begin from, not legal advice."""

from app.messages.letter_rules import Words

_DISAGREE = (
    "Answer this letter, or write on your page: somebody who did not decide this looks at it again. You may also turn, free of"
    " charge, to the independent body that settles disputes in our trade; do so within six months of the date of this letter."
)
_WIDERSPRUCH = (
    "Antworten Sie auf diesen Brief oder schreiben Sie uns auf Ihrer Seite: Jemand, der nicht entschieden hat, sieht es sich noch"
    " einmal an. Sie können sich auch kostenlos an die unabhängige Stelle wenden, die in unserer Branche Streit schlichtet; bitte"
    " innerhalb von sechs Monaten nach dem Datum dieses Briefes."
)

BUILT_IN: dict[tuple[str, str], Words] = {
    ("final", "en"): Words(
        subject="Our final response ({{case_ref}})",
        opening="Dear {{customer_name}},\n\nthank you for telling us what went wrong. We have looked into it. This is our final response.",
        remedy="You receive {{remedy}} from us.",
        next_step="We do this within five working days. You need do nothing.",
        disagree=_DISAGREE,
    ),
    ("final", "de"): Words(
        subject="Unsere abschließende Antwort ({{case_ref}})",
        opening="Guten Tag {{customer_name}},\n\ndanke, dass Sie uns gesagt haben, was schiefging. Wir sind dem nachgegangen. Dies ist"
        " unsere abschließende Antwort.",
        remedy="Sie erhalten {{remedy}} von uns.",
        next_step="Das geschieht innerhalb von fünf Werktagen. Sie müssen nichts tun.",
        disagree=_WIDERSPRUCH,
    ),
    ("summary", "en"): Words(
        subject="What we settled ({{case_ref}})",
        opening="Dear {{customer_name}},\n\nyou told us what went wrong, and we settled it together. This letter says how.",
        decision="You told us that this is settled for you, and we have closed the matter.",
        remedy="You receive {{remedy}} from us.",
        disagree=_DISAGREE,
    ),
    ("summary", "de"): Words(
        subject="Was wir vereinbart haben ({{case_ref}})",
        opening="Guten Tag {{customer_name}},\n\nSie haben uns gesagt, was schiefging, und wir haben es gemeinsam geklärt. Dieser Brief"
        " sagt, wie.",
        decision="Sie haben uns gesagt, dass es für Sie erledigt ist, und wir haben den Vorgang abgeschlossen.",
        remedy="Sie erhalten {{remedy}} von uns.",
        disagree=_WIDERSPRUCH,
    ),
    ("holding", "en"): Words(
        subject="We are still looking into it ({{case_ref}})",
        opening="Dear {{customer_name}},\n\nwe have not forgotten you, and we do not have an answer yet.",
        next_step="You hear from us by {{due_on}}.",
        disagree=_DISAGREE,
    ),
    ("holding", "de"): Words(
        subject="Wir gehen dem noch nach ({{case_ref}})",
        opening="Guten Tag {{customer_name}},\n\nwir haben Sie nicht vergessen und haben noch keine Antwort.",
        next_step="Sie hören bis zum {{due_on}} von uns.",
        disagree=_WIDERSPRUCH,
    ),
    ("receipt", "en"): Words(
        subject="Your receipt ({{case_ref}})",
        opening="Dear {{customer_name}},\n\nthis is your receipt.",
        remedy="{{remedy}}",
        disagree="Tell us if an amount or a name isn't right: answer this letter, or write on your page.",
    ),
    ("receipt", "de"): Words(
        subject="Ihr Beleg ({{case_ref}})",
        opening="Guten Tag {{customer_name}},\n\ndies ist Ihr Beleg.",
        remedy="{{remedy}}",
        disagree="Sagen Sie uns, wenn ein Betrag oder ein Name nicht stimmt: Antworten Sie auf diesen Brief oder schreiben Sie uns auf"
        " Ihrer Seite.",
    ),
}
