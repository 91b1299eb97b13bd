"""Data for TPC-H at tiny scale factors, by our own hand: nothing to install, the same everywhere.

`tables(sf)` gives {table: rows}. Sizes, domains and dependencies between columns are the specification's (4.2.3), text comes
from a shortened grammar of it; values are not dbgen's. Suppliers of a part, keys of customers that have no orders, prices and
statuses follow the rules that queries depend on. One difference: order keys are dense.
"""
import datetime
import random

REGIONS = ["AFRICA", "AMERICA", "ASIA", "EUROPE", "MIDDLE EAST"]
NATIONS = [("ALGERIA", 0), ("ARGENTINA", 1), ("BRAZIL", 1), ("CANADA", 1), ("EGYPT", 4), ("ETHIOPIA", 0), ("FRANCE", 3),
           ("GERMANY", 3), ("INDIA", 2), ("INDONESIA", 2), ("IRAN", 4), ("IRAQ", 4), ("JAPAN", 2), ("JORDAN", 4), ("KENYA", 0),
           ("MOROCCO", 0), ("MOZAMBIQUE", 0), ("PERU", 1), ("CHINA", 2), ("ROMANIA", 3), ("SAUDI ARABIA", 4), ("VIETNAM", 2),
           ("RUSSIA", 3), ("UNITED KINGDOM", 3), ("UNITED STATES", 1)]
COLORS = """almond antique aquamarine azure beige bisque black blanched blue blush brown burlywood burnished chartreuse chiffon
chocolate coral cornflower cornsilk cream cyan dark deep dim dodger drab firebrick floral forest frosted gainsboro ghost goldenrod
green grey honeydew hot indian ivory khaki lace lavender lawn lemon light lime linen magenta maroon medium metallic midnight mint
misty moccasin navajo navy olive orange orchid pale papaya peach peru pink plum powder puff purple red rose rosy royal saddle salmon
sandy seashell sienna sky slate smoke snow spring steel tan thistle tomato turquoise violet wheat white yellow""".split()
TYPES = (["STANDARD", "SMALL", "MEDIUM", "LARGE", "ECONOMY", "PROMO"], ["ANODIZED", "BURNISHED", "PLATED", "POLISHED", "BRUSHED"],
         ["TIN", "NICKEL", "BRASS", "STEEL", "COPPER"])
CONTAINERS = (["SM", "LG", "MED", "JUMBO", "WRAP"], ["CASE", "BOX", "BAG", "JAR", "PKG", "PACK", "CAN", "DRUM"])
SEGMENTS = ["AUTOMOBILE", "BUILDING", "FURNITURE", "MACHINERY", "HOUSEHOLD"]
PRIORITIES = ["1-URGENT", "2-HIGH", "3-MEDIUM", "4-NOT SPECIFIED", "5-LOW"]
INSTRUCTIONS = ["DELIVER IN PERSON", "COLLECT COD", "NONE", "TAKE BACK RETURN"]
MODES = ["REG AIR", "AIR", "RAIL", "SHIP", "TRUCK", "MAIL", "FOB"]
NOUNS = """foxes ideas theodolites pinto_beans instructions dependencies excuses platelets asymptotes courts dolphins multipliers
sauternes warthogs frets dinos attainments somas braids hockey_players packages accounts requests deposits patterns""".split()
VERBS = """sleep wake are cajole haggle nag use boost affix detect integrate maintain nod was lose sublate solve thrash promise engage
hinder print x-ray breach eat grow impress mold poach serve run dazzle snooze doze unwind kindle play hang believe doubt""".split()
ADJECTIVES = """furious sly careful blithe quick fluffy slow quiet ruthless thin close dogged daring brave stealthy permanent
enticing idle busy regular final ironic even bold silent special pending unusual express""".split()
ADVERBS = """sometimes always never furiously slyly carefully blithely quickly fluffily slowly quietly ruthlessly thinly closely
doggedly daringly bravely stealthily permanently enticingly idly busily regularly finally ironically evenly boldly silently""".split()
PREPOSITIONS = "about above according_to across after against along alongside among around at atop before behind beneath".split()

FIRST_DAY, LAST_DAY, CURRENT_DAY = (datetime.date(*d).toordinal() for d in ((1992, 1, 1), (1998, 12, 31), (1995, 6, 17)))
DATES = [datetime.date.fromordinal(day).isoformat() for day in range(FIRST_DAY, LAST_DAY + 200)]


class Source:
    """One stream of random numbers a table, so that tables do not depend on each other. Only random() is used: its numbers
    are the same in every version of Python."""

    def __init__(self, name):
        self.next = random.Random("tpch " + name).random

    def number(self, low, high):
        return low + int(self.next() * (high - low + 1))

    def pick(self, items):
        return items[int(self.next() * len(items))]

    def text(self, low, high):
        words, size, target = [], 0, self.number(low, high)
        while size < target:
            clause = [self.pick(ADJECTIVES), self.pick(NOUNS), self.pick(VERBS), self.pick(ADVERBS)]
            if self.next() < 0.3:
                clause += [self.pick(PREPOSITIONS), "the", self.pick(NOUNS)]
            words += clause
            size += sum(map(len, clause)) + len(clause)
        return " ".join(words).replace("_", " ")[:target].strip()

    def address(self):
        letters = "0123456789abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ,"
        return "".join(self.pick(letters) for _ in range(self.number(10, 40))).strip() or "a"

    def phone(self, nation):
        return f"{nation + 10}-{self.number(100, 999)}-{self.number(100, 999)}-{self.number(1000, 9999)}"

    def money(self, low, high):
        return money(self.number(low, high))


def money(cents):
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def retail_price(part):
    return 90000 + (part // 10) % 20001 + 100 * (part % 1000)


def supplier_of(part, i, suppliers):
    quarter = suppliers // 4  # the step stays under a half, so that few suppliers, too, are four different ones
    return (part + i * (quarter + (part - 1) // suppliers % quarter)) % suppliers + 1


def tables(sf):
    suppliers, parts, customers = (max(base, int(size * sf)) for base, size in ((20, 10000), (40, 200000), (30, 150000)))
    out = {}
    source = Source("region")
    out["region"] = [(i, name, source.text(31, 115)) for i, name in enumerate(REGIONS)]
    source = Source("nation")
    out["nation"] = [(i, name, region, source.text(31, 114)) for i, (name, region) in enumerate(NATIONS)]

    source, rows = Source("supplier"), []
    for key in range(1, suppliers + 1):
        nation = source.number(0, 24)
        comment = source.text(25, 100)
        remark = source.next()  # 5 in 10,000 each in full size: more here, or there would be none
        if remark < 0.06:
            comment = comment[:20] + ("Customer stealthily Complaints" if remark < 0.03 else "Customer Recommends")
        rows.append((key, f"Supplier#{key:09d}", source.address(), nation, source.phone(nation), source.money(-99999, 999999), comment))
    out["supplier"] = rows

    source, rows, links = Source("part"), [], []
    for key in range(1, parts + 1):
        names = []
        while len(names) < 5:
            color = source.pick(COLORS)
            if color not in names:
                names.append(color)
        maker = source.number(1, 5)
        rows.append((key, " ".join(names), f"Manufacturer#{maker}", f"Brand#{maker}{source.number(1, 5)}",
                     " ".join(map(source.pick, TYPES)), source.number(1, 50), " ".join(map(source.pick, CONTAINERS)),
                     money(retail_price(key)), source.text(5, 22)))
        for i in range(4):
            links.append((key, supplier_of(key, i, suppliers), source.number(1, 9999), source.money(100, 100000), source.text(49, 198)))
    out["part"], out["partsupp"] = rows, links

    source, rows = Source("customer"), []
    for key in range(1, customers + 1):
        nation = source.number(0, 24)
        rows.append((key, f"Customer#{key:09d}", source.address(), nation, source.phone(nation), source.money(-99999, 999999),
                     source.pick(SEGMENTS), source.text(29, 116)))
    out["customer"] = rows

    source, rows, lines = Source("orders"), [], []
    for key in range(1, customers * 10 + 1):
        customer = source.number(1, customers)
        while customer % 3 == 0:  # a third of the customers never order
            customer = source.number(1, customers)
        day = source.number(0, LAST_DAY - 151 - FIRST_DAY)
        total, shipped = 0, 0
        count = source.number(1, 7)
        for number in range(1, count + 1):
            part = source.number(1, parts)
            quantity, discount, tax = source.number(1, 50), source.number(0, 10), source.number(0, 8)
            price = quantity * retail_price(part)
            ship = day + source.number(1, 121)
            commit, receipt = day + source.number(30, 90), ship + source.number(1, 30)
            returned = source.pick("RA") if receipt + FIRST_DAY <= CURRENT_DAY else "N"
            open_line = ship + FIRST_DAY > CURRENT_DAY
            shipped += not open_line
            total += price * (100 + tax) * (100 - discount) // 10000
            lines.append((key, part, supplier_of(part, source.number(0, 3), suppliers), number, f"{quantity}.00", money(price),
                          money(discount), money(tax), returned, "O" if open_line else "F", DATES[ship], DATES[commit],
                          DATES[receipt], source.pick(INSTRUCTIONS), source.pick(MODES), source.text(10, 43)))
        status = "F" if shipped == count else "O" if shipped == 0 else "P"
        rows.append((key, customer, status, money(total), DATES[day], source.pick(PRIORITIES),
                     f"Clerk#{source.number(1, max(1, int(1000 * sf))):09d}", 0, source.text(19, 78)))
    out["orders"], out["lineitem"] = rows, lines
    return out
