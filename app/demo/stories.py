"""What goes wrong in a hotel: the words, how bad it is, and what makes it good. Data only.

Amounts are whole US dollars; `company.py` turns them into a site's money. {room}, {floor}, {minutes} and {day} are filled in.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Story:
    """One kind of mishap. severity: lowest and highest. remedies: (kind, least, most) in dollars, 0 for none."""

    category: str
    stage: str  # one of cases.rules.STAGES
    severity: tuple[int, int]
    attribution: str
    summaries: tuple[str, ...]
    descriptions: tuple[str, ...]
    wishes: tuple[str, ...]
    remedies: tuple[tuple[str, int, int], ...]
    causes: tuple[tuple[str, str], ...]  # (one of cases.rules.CAUSES, in words)
    resolutions: tuple[str, ...]
    loss: tuple[int, int] = (0, 0)
    weight: int = 3


STORIES = (
    Story(
        "Noise",
        "stay",
        (1, 3),
        "company",
        (
            "Noise from room {room} until 2 a.m.",
            "Building work started at seven",
            "Lift machine room hums all night",
            "Wedding music until after midnight",
            "Slamming doors on floor {floor}",
        ),
        (
            "The guest called twice in the night and slept {minutes} minutes in all, she says.",
            "Guest in {room} has an early meeting and asked for a quiet room when booking.",
            "They moved the bed away from the wall themselves. The neighbours were asked once to be quiet.",
            "A family with a baby. The parents were polite and very tired this morning.",
        ),
        ("A quiet room for the next nights", "Half of the night back", "That somebody tells the neighbours"),
        (("refund", 40, 160), ("upgrade", 60, 180), ("points", 20, 60), ("gesture", 10, 40)),
        (
            ("information", "Room next to the lift sold as quiet"),
            ("staffing", "Night desk had nobody to send"),
            ("process", "Event ended later than agreed"),
        ),
        (
            "Moved to the courtyard side and looked in on them the next morning.",
            "Night manager spoke with the neighbours; the guest slept well after that.",
        ),
        weight=9,
    ),
    Story(
        "Room not ready",
        "arrival",
        (1, 2),
        "company",
        (
            "Room not ready at 4 p.m.",
            "Waited {minutes} minutes for the room",
            "Room {room} was given out uncleaned",
            "Early arrival was paid for but not kept",
        ),
        (
            "They arrived after a night flight and sat in the lobby for {minutes} minutes.",
            "Housekeeping had the room on the list for 15:00, but two colleagues were ill.",
            "The key card was handed out, and there was still somebody's luggage in {room}.",
        ),
        ("The early arrival fee back", "A meal while they wait", "An apology from the manager"),
        (("refund", 25, 60), ("voucher", 20, 70), ("gesture", 10, 35), ("points", 15, 50)),
        (
            ("staffing", "Two housekeepers ill, no stand-in called"),
            ("information", "Late check-out not entered"),
            ("information", "Early arrivals not passed on to housekeeping"),
        ),
        (
            "Lunch on the house while housekeeping finished; the fee went back to the card.",
            "Gave them another room at once, one floor higher.",
        ),
        weight=8,
    ),
    Story(
        "Cleanliness",
        "stay",
        (1, 3),
        "company",
        (
            "Hair in the bathroom of {room}",
            "Stained sheets on the second bed",
            "Mould along the shower",
            "Bin not emptied for two days",
        ),
        (
            "The guest sent three pictures. They show what he says they show.",
            "Housekeeping signed the room off at 13:40.",
            "Second time this month for floor {floor}.",
        ),
        ("Clean it now", "Another room", "One night back"),
        (("refund", 40, 150), ("upgrade", 50, 150), ("voucher", 20, 60)),
        (
            ("process", "Checklist signed without a look"),
            ("training", "New colleague had nobody beside her"),
            ("equipment", "Extractor fan broken for weeks"),
        ),
        (
            "Cleaned within twenty minutes while they had coffee with us.",
            "Moved to {room} and thanked for the pictures.",
        ),
        weight=7,
    ),
    Story(
        "Heating and air",
        "stay",
        (1, 3),
        "company",
        ("No heating in {room}", "Air conditioning drips on the bed", "26 degrees at night and the window is sealed"),
        (
            "Engineering came at 22:00, found nothing, and came again in the morning.",
            "The guest asked for a fan; the last one was in use on floor {floor}.",
            "He has asthma and said so on arrival.",
        ),
        ("A room that works", "Money back for the night"),
        (("refund", 60, 190), ("upgrade", 60, 180), ("gesture", 10, 40)),
        (
            ("equipment", "Valve was due for replacement in spring"),
            ("equipment", "Filter clogged"),
            ("process", "Heating plan still on summer"),
        ),
        (
            "Valve replaced the same day.",
            "Moved to a room in the new wing; engineering has closed {room} until it is mended.",
        ),
        weight=6,
    ),
    Story(
        "Billing",
        "departure",
        (1, 2),
        "company",
        (
            "Minibar charged, nothing taken",
            "Charged twice for the parking",
            "City tax on a business stay",
            "No-show fee after a call",
            "Breakfast on the bill though it is in the rate",
        ),
        (
            "She found it on her card statement on {day} and wrote the same evening.",
            "The bill shows two entries three minutes apart.",
            "He had called before six, the note is in the booking.",
        ),
        ("The amount back, and a correct bill", "A corrected invoice for the employer"),
        (("refund", 8, 90), ("credit", 10, 60)),
        (
            ("equipment", "Minibar sensor counts a moved bottle"),
            ("process", "Entered by two people"),
            ("information", "Note in the booking not read by the night audit"),
        ),
        ("Amount went back to the card, new bill sent.", "Corrected and sent to the accounts department in copy."),
        loss=(8, 90),
        weight=9,
    ),
    Story(
        "Overbooked",
        "arrival",
        (3, 4),
        "company",
        (
            "No room left at midnight: walked to another house",
            "Family room sold twice",
            "Confirmed suite given to a group",
        ),
        (
            "Confirmed and prepaid. The night desk found a room in the next street and paid the taxi.",
            "They stood at the desk with two children at 23:{minutes}.",
            "The group had extended by a night; nobody had taken the room out of sale.",
        ),
        ("Tonight's room paid", "The suite for the remaining nights", "That the manager calls"),
        (("refund", 180, 480), ("voucher", 100, 300), ("upgrade", 150, 400), ("credit", 100, 350)),
        (
            ("supplier", "Channel manager an hour behind"),
            ("process", "Group extended by phone, not entered"),
            ("process", "Overbooking limit too high for the fair"),
        ),
        (
            "First night at our cost in the other house, picked up by car the next noon, suite for the rest.",
            "Manager called, night refunded, upgrade for the next stay noted.",
        ),
        loss=(100, 400),
        weight=4,
    ),
    Story(
        "Lost or damaged things",
        "stay",
        (2, 3),
        "company",
        (
            "Suit came back from the laundry with a hole",
            "Suitcase wheel broken by the porter",
            "Tablet gone from {room}",
            "Earrings thrown away with the towels",
        ),
        (
            "Receipt is attached. The suit is eight months old.",
            "The porter remembers it and says so.",
            "Safe log shows one opening at 11:02, with the guest's own code.",
            "Lost and found has nothing; housekeeping searched twice.",
        ),
        ("The price of a new one", "That you look for it properly"),
        (("refund", 90, 700), ("replacement", 60, 400), ("credit", 60, 300)),
        (
            ("supplier", "Pressed too hot by the outside laundry"),
            ("equipment", "Trolley too small for the case"),
            ("process", "No list of what is left in rooms"),
        ),
        ("Paid against the receipt, laundry was told.", "Found under the bed frame and sent by courier at our cost."),
        loss=(80, 900),
        weight=5,
    ),
    Story(
        "Restaurant",
        "stay",
        (0, 2),
        "company",
        (
            "Waited {minutes} minutes for breakfast",
            "Nut in the nut-free cake",
            "Wine from the wrong year charged",
            "Cold soup, twice",
            "Table by the window was given away",
        ),
        (
            "It was their anniversary; the table had been booked for weeks.",
            "The guest was friendly about it and only wanted us to know.",
            "The kitchen was two short that evening.",
            "No reaction, luckily: she saw it before eating.",
        ),
        ("The dinner taken off the bill", "That the kitchen learns of it", "Nothing, just an apology"),
        (("refund", 20, 140), ("gesture", 10, 45), ("voucher", 25, 90)),
        (
            ("staffing", "Two cooks short"),
            ("information", "Allergy note not passed from desk to kitchen"),
            ("process", "Table plan overwritten at the shift change"),
        ),
        (
            "Dessert and the bill were ours; the kitchen has a new card for allergies.",
            "Restaurant manager came to the table and apologised.",
        ),
        weight=7,
    ),
    Story(
        "Staff manner",
        "stay",
        (1, 3),
        "company",
        (
            "Spoken to rudely at the desk",
            "Ignored while two colleagues chatted",
            "Doorman refused to help with the chair",
        ),
        (
            "She says she isn't after money. She wants it not to happen to the next guest.",
            "Two other guests heard it.",
            "It was the fourteenth hour of a double shift.",
        ),
        ("An apology from the person", "That somebody speaks with him"),
        (("apology", 0, 0), ("gesture", 15, 50), ("voucher", 30, 90)),
        (
            ("staffing", "Double shift"),
            ("training", "Had not been shown how to help with a wheelchair"),
            ("staffing", "Queue of nine and one desk open"),
        ),
        ("Apology in person, accepted. Roster changed.", "Talked it over with the team; the guest was called back."),
        weight=3,
    ),
    Story(
        "Wi-Fi and technology",
        "stay",
        (0, 2),
        "company",
        (
            "Wi-Fi drops every {minutes} minutes",
            "Television shows nothing",
            "Key card dies each evening",
            "Broken socket by the desk",
        ),
        (
            "He works from the room this week and had to go to a café for a call.",
            "Card was re-coded three times.",
            "The access point on floor {floor} was replaced last month.",
        ),
        ("Working Wi-Fi", "The fee for the fast line back"),
        (("refund", 10, 30), ("credit", 10, 40), ("gesture", 5, 20)),
        (
            ("equipment", "Access point overheats"),
            ("guest", "Cards too close to phones"),
            ("equipment", "Socket on the list since August"),
        ),
        ("New access point put up, checked with the guest.", "Given a new lock battery and a coffee."),
        weight=6,
    ),
    Story(
        "Accessibility",
        "stay",
        (2, 4),
        "company",
        (
            "Booked step-free room has a bathtub only",
            "Ramp locked after nine",
            "Lift out of order, guest uses a wheelchair",
        ),
        (
            "The booking says step-free twice.",
            "He was carried down six steps by two strangers. He is furious, and he is right.",
            "The key for the ramp is with the day porter.",
        ),
        ("A room that fits, now", "That this is mended before the next guest"),
        (("refund", 120, 420), ("upgrade", 100, 300), ("apology", 0, 0)),
        (
            ("supplier", "Room type wrong in the channel"),
            ("information", "Key plan without the ramp"),
            ("supplier", "Lift contract without weekend call-out"),
        ),
        (
            "Step-free suite for the whole stay at the booked rate.",
            "Ramp key now lies at the night desk; manager called the guest.",
        ),
        weight=2,
    ),
    Story(
        "Transfer and parking",
        "arrival",
        (1, 2),
        "third_party",
        ("Airport car never came", "Taxi charged double", "Car scratched in the garage"),
        (
            "They waited {minutes} minutes in the rain and took a taxi for their own money.",
            "The driver went to the wrong terminal.",
            "The garage camera shows a delivery van.",
        ),
        ("The taxi paid", "A word with the car firm"),
        (("refund", 25, 110), ("credit", 20, 80), ("explanation", 0, 0)),
        (
            ("information", "Flight number not passed on"),
            ("supplier", "Car firm double-booked"),
            ("equipment", "No mirror at the ramp"),
        ),
        ("Taxi paid against the receipt.", "Car firm has paid; we sent the papers."),
        loss=(20, 120),
        weight=4,
    ),
    Story(
        "Weather and closures",
        "stay",
        (1, 2),
        "third_party",
        ("Pool closed for the whole stay", "Ferry cancelled, night lost", "Terrace dinner in the storm"),
        (
            "The closure was on the website but not in the confirmation.",
            "The port closed at noon on {day}.",
            "We moved everybody inside within ten minutes.",
        ),
        ("The wellness fee back", "One night moved to spring"),
        (("refund", 15, 70), ("voucher", 30, 100), ("points", 20, 60)),
        (("information", "Closure not in the confirmation text"), ("weather", "Nothing in our hands")),
        ("Fee back, day pass for the pool next door.", "Night moved without a fee."),
        weight=3,
    ),
    Story(
        "Booking",
        "booking",
        (1, 2),
        "customer",
        ("Booked the wrong month", "Cancelled one hour too late", "Two rooms booked instead of one"),
        (
            "He noticed when the confirmation came.",
            "Her mother was taken to hospital; the letter is attached.",
            "The website shows the button twice on a slow line.",
        ),
        ("The change without a fee", "The night back, as an exception"),
        (("credit", 60, 240), ("refund", 60, 260), ("explanation", 0, 0)),
        (
            ("equipment", "Date picker jumps to next month"),
            ("information", "Rate without cancellation not marked clearly"),
            ("guest", "Nothing to mend"),
        ),
        ("Moved without a fee, once.", "Explained the rate; half came back as a credit."),
        loss=(60, 260),
        weight=6,
    ),
    Story(
        "Safety",
        "stay",
        (3, 4),
        "company",
        (
            "Slipped on the wet stairs",
            "Stranger let into {room}",
            "Balcony door doesn't lock",
            "Smoke alarm battery hanging loose",
        ),
        (
            "Bruised wrist. The first-aider was there in four minutes and wrote the report.",
            "The desk made a second key without asking for a name.",
            "She noticed at 1 a.m. and pushed a chair against the door.",
        ),
        ("A safe room, tonight", "The doctor's bill", "That it is mended today"),
        (("refund", 150, 600), ("upgrade", 100, 350), ("apology", 0, 0), ("voucher", 100, 250)),
        (
            ("training", "No sign put up while mopping"),
            ("training", "Key made without a check of the name"),
            ("process", "Door on the list for a week"),
        ),
        (
            "Moved, doctor paid, stairs now dried twice a day.",
            "Lock replaced within the hour; new rule for second keys.",
        ),
        loss=(0, 300),
        weight=3,
    ),
    Story(
        "A kind gesture",
        "stay",
        (0, 0),
        "unknown",
        (
            "Honeymoon in {room}",
            "Guest back for the tenth time",
            "Birthday of the youngest guest",
            "Marathon runner came last, and smiled",
        ),
        (
            "Nobody asked for anything. It just felt right.",
            "Mentioned at the desk in passing.",
            "He comes each year on {day}.",
        ),
        ("Nothing",),
        (("gesture", 10, 45), ("upgrade", 40, 120), ("points", 10, 40)),
        (("unknown", "A good day"),),
        ("A card signed by the whole floor.", "They took a picture with the cake."),
        weight=5,
    ),
)
