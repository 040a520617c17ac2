"""Tables of facts. Where several answers are right, SYNONYMS gives them."""

CAPITALS = {
    "France": "Paris", "Germany": "Berlin", "Italy": "Rome", "Spain": "Madrid", "Portugal": "Lisbon", "Greece":
    "Athens", "Austria": "Vienna", "Poland": "Warsaw", "Hungary": "Budapest", "Sweden": "Stockholm", "Norway": "Oslo",
    "Denmark": "Copenhagen", "Finland": "Helsinki", "Ireland": "Dublin", "Belgium": "Brussels", "Switzerland": "Bern",
    "Russia": "Moscow", "Ukraine": "Kyiv", "Turkey": "Ankara", "Egypt": "Cairo", "Kenya": "Nairobi", "Nigeria":
    "Abuja", "Ethiopia": "Addis Ababa", "Morocco": "Rabat", "Algeria": "Algiers", "Tunisia": "Tunis", "Ghana":
    "Accra", "Senegal": "Dakar", "Uganda": "Kampala", "Zimbabwe": "Harare", "Zambia": "Lusaka", "Angola": "Luanda",
    "China": "Beijing", "Japan": "Tokyo", "South Korea": "Seoul", "India": "New Delhi", "Pakistan": "Islamabad",
    "Bangladesh": "Dhaka", "Nepal": "Kathmandu", "Thailand": "Bangkok", "Vietnam": "Hanoi", "Indonesia": "Jakarta",
    "Malaysia": "Kuala Lumpur", "Philippines": "Manila", "Iran": "Tehran", "Iraq": "Baghdad", "Syria": "Damascus",
    "Lebanon": "Beirut", "Jordan": "Amman", "Saudi Arabia": "Riyadh", "Qatar": "Doha", "Afghanistan": "Kabul",
    "Mongolia": "Ulaanbaatar", "Australia": "Canberra", "New Zealand": "Wellington", "Canada": "Ottawa", "Mexico":
    "Mexico City", "Cuba": "Havana", "Jamaica": "Kingston", "Brazil": "Brasilia", "Argentina": "Buenos Aires",
    "Chile": "Santiago", "Peru": "Lima", "Colombia": "Bogota", "Venezuela": "Caracas", "Ecuador": "Quito", "Uruguay":
    "Montevideo", "Paraguay": "Asuncion", "Romania": "Bucharest", "Bulgaria": "Sofia", "Serbia": "Belgrade",
    "Croatia": "Zagreb", "Slovenia": "Ljubljana", "Slovakia": "Bratislava", "Estonia": "Tallinn", "Latvia": "Riga",
    "Lithuania": "Vilnius", "Iceland": "Reykjavik", "Malta": "Valletta", "Cyprus": "Nicosia", "Armenia": "Yerevan",
    "Georgia": "Tbilisi", "Cambodia": "Phnom Penh", "Laos": "Vientiane", "Rwanda": "Kigali", "Mali": "Bamako",
}  # fmt: skip

EUROPE = (
    "France Germany Italy Spain Portugal Greece Austria Poland Hungary Sweden Norway Denmark Finland Ireland Belgium "
    "Switzerland Ukraine Romania Bulgaria Serbia Croatia Slovenia Slovakia Estonia Latvia Lithuania Iceland Malta "
    "Albania"
).split()
AFRICA = (
    "Kenya Nigeria Ethiopia Morocco Algeria Tunisia Ghana Senegal Uganda Zimbabwe Zambia Angola Rwanda Mali Libya "
    "Sudan Somalia Chad Niger Cameroon Tanzania Mozambique Botswana Namibia Madagascar Gabon Benin Togo"
).split()
ASIA = (
    "China Japan India Pakistan Bangladesh Nepal Thailand Vietnam Indonesia Malaysia Iran Iraq Syria Lebanon Jordan "
    "Qatar Afghanistan Mongolia Cambodia Laos Myanmar Singapore Philippines Israel Kuwait Oman Yemen Bhutan"
).split()
SOUTH_AMERICA = (
    "Brazil Argentina Chile Peru Colombia Venezuela Ecuador Uruguay Paraguay Bolivia Guyana Suriname"
).split()
CONTINENTS = {
    **dict.fromkeys(EUROPE, "Europe"),
    **dict.fromkeys(AFRICA, "Africa"),
    **dict.fromkeys(ASIA, "Asia"),
    **dict.fromkeys(SOUTH_AMERICA, "South America"),
}

OPPOSITES = {
    "hot": "cold", "big": "small", "fast": "slow", "up": "down", "left": "right", "day": "night", "open": "closed",
    "happy": "sad", "rich": "poor", "young": "old", "light": "dark", "hard": "soft", "wet": "dry", "high": "low",
    "long": "short", "early": "late", "full": "empty", "strong": "weak", "good": "bad", "true": "false", "new": "old",
    "thick": "thin", "clean": "dirty", "near": "far", "inside": "outside", "win": "lose", "push": "pull", "buy":
    "sell", "give": "take", "love": "hate", "start": "end", "first": "last", "black": "white", "alive": "dead",
    "wide": "narrow", "deep": "shallow", "loud": "quiet", "sweet": "sour", "rough": "smooth", "cheap": "expensive",
    "easy": "difficult", "brave": "cowardly", "always": "never", "before": "after", "above": "below", "north":
    "south", "east": "west", "summer": "winter", "war": "peace", "success": "failure", "question": "answer", "friend":
    "enemy", "male": "female", "safe": "dangerous", "heavy": "light", "sharp": "dull", "tall": "short", "front":
    "back", "top": "bottom", "yes": "no", "on": "off", "in": "out", "more": "less", "many": "few", "arrive": "leave",
    "remember": "forget", "increase": "decrease", "victory": "defeat", "ancient": "modern", "public": "private",
    "maximum": "minimum",
}  # fmt: skip
SYNONYMS = {
    "small": ["little"], "closed": ["close", "shut"], "end": ["stop", "finish"], "quiet": ["silent", "soft"],
    "difficult": ["hard"], "sour": ["bitter"], "dirty": ["unclean"], "sad": ["unhappy"], "bad": ["evil"], "far":
    ["distant"], "lose": ["loss"], "dangerous": ["unsafe"], "dull": ["blunt"], "leave": ["depart"], "expensive":
    ["costly"], "cowardly": ["timid", "fearful", "coward"], "large": ["big"], "narrow": ["thin"], "defeat": ["loss"],
    "failure": ["fail"], "old": ["elderly", "aged"], "false": ["untrue"], "thin": ["slim"],
}  # fmt: skip
