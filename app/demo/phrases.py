"""What people of the demo company write, and their names. Data only."""

NOTES = (
    "Called engineering, they look at it this afternoon.",
    "Guest is out until six; left a card under the door.",
    "Checked the booking: he is right.",
    "Spoke with the night desk. Same story from both sides.",
    "Third case of this kind on floor {floor} since {day}. Passed on.",
    "Picture is with housekeeping.",
    "He prefers e-mail, and not before ten.",
    "Talked with the colleague who was there. She is sorry and would like to say so herself.",
)
ACKNOWLEDGED = (
    "I have it and I am looking into it now.",
    "Thank you for telling us. I come back to you today.",
    "This should not have happened. I am on it.",
)
REPLIES = (
    "I am sorry about the night you had. This is what I can do at once.",
    "You are right, and I have put it in order.",
    "I spoke with everyone who was there. Here is what went wrong and what we changed.",
    "Thank you for your patience; the money is on its way to your card.",
    "We looked again and found our mistake.",
)
REASONS = (
    "Two bad nights in a row, and she told us on the first morning.",
    "We were clearly at fault and he missed a meeting over it.",
    "Came back after years, and this is what he finds.",
    "The family was walked with small children after midnight.",
    "A part of it is in my limit; the damage is not.",
    "Third mishap in one stay. I would rather put it right than argue.",
    "The receipt covers it to the cent.",
)
APPROVALS = (
    "Yes. Put it right, and tell them it comes from us.",
    "Agreed: our mistake, and the receipt is there.",
    "Fine. Please call them yourself.",
    "Approved. I told housekeeping what it cost us.",
)
LESS = (
    "Most of it, yes; the taxi was their own choice.",
    "I would give two nights, not three.",
    "The night, not the dinner.",
)
DECLINES = (
    "The rate says so in bold, and we moved it once already. Please explain it kindly.",
    "This was paid on the first stay. Look at the case of {day}.",
    "The garage firm pays this one; send them the papers.",
    "I understand, but the suit can be mended. Offer the tailor instead.",
)
WAITS = (
    "Waiting for the picture of the receipt.",
    "Guest looks up the flight and calls back.",
    "Asked for the account number.",
    "Guest wants to talk it over at home first.",
)
UNHAPPY = (
    "The noise is back, one floor higher.",
    "The money hasn't arrived on the card.",
    "Guest wrote again: the letter was not what he had hoped for.",
    "It happened a second time tonight.",
)
FIRST_NAMES = {
    "en_GB": ("Oliver", "Amelia", "Harry", "Isla", "George", "Freya", "Arthur", "Imogen", "Rhys", "Niamh", "Callum", "Priya",
              "Hamza", "Elsie", "Tunde", "Martha"),
    "en_US": ("Liam", "Emma", "Noah", "Camila", "Elijah", "Sofia", "Mateo", "Harper", "Jamal", "Grace", "Diego", "Naomi",
              "Ethan", "Leila", "Marcus", "Rosa"),
    "ja_JP": ("Haruto", "Yui", "Sota", "Aoi", "Ren", "Mei", "Yuto", "Rin", "Kaito", "Sakura", "Daiki", "Hina", "Kenji",
              "Emi", "Takumi", "Nao"),
}  # fmt: skip
LAST_NAMES = {
    "en_GB": ("Ashworth", "Bennett", "Clarke", "Davies", "Evans", "Fletcher", "Gallagher", "Hughes", "Iqbal", "Jones",
              "Kaur", "Lewis", "MacLeod", "Nash", "O'Neill", "Patel", "Quinn", "Rees", "Shah", "Turner", "Underhill", "Webb"),
    "en_US": ("Alvarez", "Brooks", "Chen", "Diaz", "Ellis", "Foster", "Garcia", "Harris", "Ibrahim", "Johnson", "Kim",
              "Lopez", "Miller", "Nguyen", "Ortiz", "Parker", "Reyes", "Smith", "Thompson", "Vargas", "Walker", "Young"),
    "ja_JP": ("Abe", "Endo", "Fujita", "Goto", "Hayashi", "Ito", "Kato", "Kobayashi", "Matsumoto", "Mori", "Nakamura",
              "Okada", "Saito", "Sasaki", "Shimizu", "Suzuki", "Takahashi", "Tanaka", "Ueda", "Watanabe", "Yamada", "Yoshida"),
}  # fmt: skip
# Six of these make the demo's pass phrase.
WORDS = (
    "anchor", "basket", "candle", "dragon", "ember", "falcon", "garden", "hammer", "island", "jigsaw", "kettle", "lantern",
    "meadow", "nickel", "orchid", "pepper", "quartz", "ribbon", "saddle", "teapot", "umbrella", "velvet", "walnut", "xenon",
    "yellow", "zephyr", "copper", "drizzle", "feather", "glacier", "harvest", "ivory", "juniper", "kernel", "lemon", "marble",
    "needle", "olive", "pebble", "quill", "raven", "silver", "thunder", "valley", "willow", "amber", "birch", "comet",
    "dune", "elm", "fjord", "grove", "heron", "iris", "jade", "kelp", "lilac", "maple", "north", "oasis",
    "plum", "reef", "slate", "tulip", "vine", "wren",
)  # fmt: skip
