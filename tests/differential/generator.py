"""Random schemas, data and statements in the language that TurDB and SQLite share.

Everything comes from one `random.Random`, so that a seed names a run. Expressions are typed: SQLite would compare
a number with a text, TurDB refuses. What the two mean differently is not generated or is written so that it means
the same: NULLS FIRST or LAST is always said, LIMIT always stands over an order that is total, divisors pass through
nullif(x, 0), scalar subqueries are aggregates, reals are multiples of a quarter (their sums are exact).
"""

INT, REAL, TEXT, BLOB, BOOL = "int", "real", "text", "blob", "bool"
DECLARED = {INT: ["bigint", "integer", "smallint"], REAL: ["double precision"], TEXT: ["text"], BLOB: ["blob"]}
WORDS = ["", "a", "A", "ab", "abc", "b", "B", "zz", "a%", "a_c", "foo", "Foo bar", "é", "日本", "x" * 40, "0", "10", "9"]


class Column:
    def __init__(self, name, kind, declared="", not_null=False):
        self.name, self.kind, self.declared, self.not_null = name, kind, declared, not_null


class Table:
    def __init__(self, name, columns, key):
        self.name, self.columns, self.key, self.indexes, self.has_unique = name, columns, key, [], False


class Generator:
    def __init__(self, random, max_depth=3):
        self.random, self.max_depth = random, max_depth
        self.tables, self.index_count, self.alias_count = [], 0, 0

    # ---- choices

    def chance(self, p):
        return self.random.random() < p

    def pick(self, items):
        return self.random.choice(items)

    def alias(self):
        self.alias_count += 1
        return f"q{self.alias_count}"

    # ---- values

    def literal(self, kind, null_share=0.08):
        r = self.random
        if r.random() < null_share:
            return "NULL"
        if kind == INT:
            return str(r.choice([0, 1, -1, 2, 3, 5, 7, 10, r.randint(-20, 20), r.randint(0, 300), r.randint(-30000, 30000)]))
        if kind == REAL:
            return repr(r.choice([0.0, 0.25, -0.5, 1.0, 2.75, -3.25, r.randint(-400, 400) / 4.0]))
        if kind == TEXT:
            return "'" + r.choice(WORDS) + "'"
        if kind == BLOB:
            return "x'" + bytes(r.randint(0, 255) for _ in range(r.choice([0, 1, 1, 2, 5]))).hex() + "'"
        return r.choice(["(1 = 1)", "(1 = 0)"])

    def typed_null(self, kind):
        return {INT: "CAST(NULL AS bigint)", REAL: "CAST(NULL AS double precision)", TEXT: "CAST(NULL AS text)",
                BLOB: "CAST(NULL AS blob)", BOOL: "(NULL = 1)"}[kind]

    def typed(self, text, kind):
        return self.typed_null(kind) if text == "NULL" else text

    # ---- schema

    def create_table(self):
        r = self.random
        name = f"t{len(self.tables)}"
        columns = []
        for i in range(r.randint(1, 6)):
            kind = r.choice([INT, INT, INT, TEXT, TEXT, REAL, BLOB])
            columns.append(Column(f"c{i}", kind, r.choice(DECLARED[kind]), r.random() < 0.15))
        shape = r.choice(["integer", "integer", "text", "pair", "none", "bigint"])
        definitions, key = [], []
        if shape in ("integer", "bigint"):
            columns.insert(0, Column("id", INT, "integer", True))
            key = ["id"]
        elif shape == "text":
            columns.insert(0, Column("id", TEXT, "text", True))
            key = ["id"]
        elif shape == "pair":
            columns.insert(0, Column("k1", r.choice([INT, TEXT]), "", True))
            columns[0].declared = r.choice(DECLARED[columns[0].kind])
            columns.insert(1, Column("k2", INT, "integer", True))
            key = ["k1", "k2"]
        for column in columns:
            text = f"{column.name} {column.declared}"
            if key == [column.name]:
                text += " PRIMARY KEY" + (" NOT NULL" if column.kind == TEXT else "")
            elif column.not_null:
                text += " NOT NULL"
            if not key and column.kind in (INT, TEXT) and self.chance(0.1):
                text += " UNIQUE"
            if column.name.startswith("c") and self.chance(0.1):
                text += f" DEFAULT {self.literal(column.kind, 0)}"
            if column.kind == INT and column.name.startswith("c") and self.chance(0.08):
                text += f" CHECK ({column.name} < 20000)"
            definitions.append(text)
        if len(key) == 2:
            definitions.append("PRIMARY KEY (k1, k2)")
        elif self.chance(0.15) and len(columns) > 2:
            definitions.append(f"UNIQUE ({columns[1].name}, {columns[2].name})")
        table = Table(name, columns, key)
        table.has_unique = any("UNIQUE" in text for text in definitions)
        self.tables.append(table)
        return f"CREATE TABLE {name} ({', '.join(definitions)})"

    def create_index(self):
        table = self.pick(self.tables)
        columns = self.random.sample(table.columns, min(len(table.columns), self.random.randint(1, 3)))
        self.index_count += 1
        name = f"i{self.index_count}"
        table.indexes.append(name)
        parts = ", ".join(column.name + self.pick(["", "", " DESC", " ASC"]) for column in columns)
        unique = "UNIQUE " if self.chance(0.1) else ""
        return f"CREATE {unique}INDEX {name} ON {table.name} ({parts})"

    def drop_index(self):
        table = self.pick(self.tables)
        if not table.indexes:
            return None
        name = self.pick(table.indexes)
        table.indexes.remove(name)
        return f"DROP INDEX IF EXISTS {name}"

    # ---- expressions; `scope` is a list of (text, kind)

    def column(self, scope, kind):
        fitting = [text for text, each in scope if each == kind]
        return self.pick(fitting) if fitting else self.literal(kind)

    def expression(self, scope, kind, depth=None):
        depth = self.max_depth if depth is None else depth
        if kind == BOOL:
            return self.condition(scope, depth)
        if depth <= 0 or self.chance(0.4):
            return self.column(scope, kind) if self.chance(0.75) else self.literal(kind)
        sub = lambda wanted: self.expression(scope, wanted, depth - 1)
        common = [
            lambda: f"coalesce({sub(kind)}, {sub(kind)})",
            lambda: f"CASE WHEN {sub(BOOL)} THEN {sub(kind)} ELSE {sub(kind)} END",
            lambda: f"CASE WHEN {sub(BOOL)} THEN {sub(kind)} WHEN {sub(BOOL)} THEN {sub(kind)} END",
            lambda: f"nullif({self.column(scope, kind)}, {sub(kind)})",
        ]
        if self.tables and self.chance(0.15):
            return self.scalar_subquery(scope, kind, depth - 1)
        if kind == INT:
            some = lambda: self.typed(sub(INT), INT)
            own = [
                lambda: f"({some()} + {sub(INT)})", lambda: f"({some()} - {sub(INT)})",
                lambda: f"({self.column(scope, INT)} * {self.random.randint(-3, 5)})",
                lambda: f"({some()} / nullif({some()}, 0))", lambda: f"({some()} % nullif({some()}, 0))",
                lambda: f"abs({some()})", lambda: f"(- {self.typed(sub(INT), INT)})", lambda: f"length({sub(TEXT)})",
                lambda: f"({some()} & {sub(INT)})", lambda: f"({some()} | {sub(INT)})",
                lambda: f"CASE {some()} WHEN {sub(INT)} THEN {sub(INT)} ELSE {sub(INT)} END",
                lambda: f"length({self.column(scope, BLOB)})",
            ]
        elif kind == REAL:
            some = lambda: self.typed(sub(REAL), REAL)
            own = [
                lambda: f"({some()} + {sub(REAL)})", lambda: f"({some()} - {sub(INT)})",
                lambda: f"({self.typed(self.column(scope, REAL), REAL)} * {self.column(scope, INT)})", lambda: f"abs({some()})",
                lambda: f"CAST({sub(INT)} AS double precision)", lambda: f"(- {self.typed(sub(REAL), REAL)})",
            ]
        elif kind == TEXT:
            own = [
                lambda: f"({sub(TEXT)} || {sub(TEXT)})", lambda: f"upper(replace({sub(TEXT)}, 'é', 'e'))",
                lambda: f"lower({sub(TEXT)})", lambda: f"substr({sub(TEXT)}, {self.random.randint(1, 4)})",
                lambda: f"substr({sub(TEXT)}, {self.random.randint(1, 3)}, {self.random.randint(0, 4)})",
                lambda: f"replace({sub(TEXT)}, 'a', 'xy')", lambda: f"trim({sub(TEXT)})",
                lambda: f"CAST({sub(INT)} AS text)",
            ]
        else:
            own = []
        return self.pick(common + own * 2)()

    def condition(self, scope, depth):
        sub = lambda wanted: self.expression(scope, wanted, depth - 1)
        kinds = sorted({kind for _, kind in scope if kind != BOOL}) or [INT]
        kind = self.pick(kinds)
        here = self.column(scope, kind) if self.chance(0.7) else sub(kind)
        simple = [
            lambda: f"{here} {self.pick(['=', '<', '>', '<=', '>=', '<>'])} {self.literal(kind, 0.02)}",
            lambda: f"{here} {self.pick(['=', '<', '>', '<=', '>=', '<>'])} {self.column(scope, kind)}",
            lambda: f"{here} IS {self.pick(['', 'NOT '])}NULL",
            lambda: f"{here} {self.pick(['', 'NOT '])}BETWEEN {self.literal(kind)} AND {self.literal(kind)}",
            lambda: f"{here} {self.pick(['', 'NOT '])}IN ({', '.join(self.literal(kind) for _ in range(self.random.randint(1, 5)))})",
            lambda: f"{self.column(scope, TEXT)} {self.pick(['', 'NOT '])}LIKE '{self.pick(['a%', '%b%', '_', '%', 'foo%', 'a_', '', '%o'])}'",
        ]
        if depth <= 0:
            return "(" + self.pick(simple)() + ")"
        more = [
            lambda: f"{sub(BOOL)} AND {sub(BOOL)}", lambda: f"{sub(BOOL)} OR {sub(BOOL)}", lambda: f"NOT {sub(BOOL)}",
            lambda: f"{sub(kind)} {self.pick(['=', '<', '>', '<=', '>=', '<>'])} {sub(kind)}",
            lambda: f"{sub(kind)} IS {self.pick(['', 'NOT '])}DISTINCT FROM {sub(kind)}",
            lambda: f"{sub(kind)} {self.pick(['', 'NOT '])}IN ({sub(kind)}, {sub(kind)})",
        ]
        if self.tables:
            more += [
                lambda: f"{self.pick(['', 'NOT '])}EXISTS ({self.inner_select(scope, depth - 1, None)})",
                lambda: f"{sub(kind)} {self.pick(['', 'NOT '])}IN ({self.inner_select(scope, depth - 1, kind)})",
            ]
        return "(" + self.pick(simple * 2 + more)() + ")"

    def inner_select(self, scope, depth, kind):
        table, name = self.pick(self.tables), self.alias()
        inner = [(f"{name}.{column.name}", column.kind) for column in table.columns]
        # Correlated or not; correlation is mostly an equality, as people write it.
        visible = inner + (scope if self.chance(0.5) else [])
        value = "1" if kind is None else self.typed(self.expression(inner, kind, min(depth, 1)), kind)
        where = []
        if self.chance(0.6):
            other = [(text, each) for text, each in scope if each == self.pick(inner)[1]]
            if other:
                text, each = self.pick(other)
                where.append(f"{self.column(inner, each)} = {text}")
        if self.chance(0.6):
            where.append(self.condition(visible, min(depth, 1)))
        return f"SELECT {value} FROM {table.name} {name}" + (" WHERE " + " AND ".join(where) if where else "")

    def scalar_subquery(self, scope, kind, depth):
        table, name = self.pick(self.tables), self.alias()
        inner = [(f"{name}.{column.name}", column.kind) for column in table.columns]
        where = f" WHERE {self.condition(inner + scope, min(depth, 1))}" if self.chance(0.8) else ""
        value = self.expression(inner, kind, min(depth, 1))
        if kind == INT and self.chance(0.5):
            aggregate = self.pick(["count(*)", f"count({self.typed(value, kind)})"])
        elif kind == BLOB:
            aggregate = f"max({self.typed(self.column(inner, BLOB), BLOB)})"
        else:
            aggregate = f"{self.pick(['min', 'max'])}({self.typed(value, kind)})"
        return f"(SELECT {aggregate} FROM {table.name} {name}{where})"

    def aggregate(self, scope):
        """(text, kind)"""
        extra = f" FILTER (WHERE {self.condition(scope, 1)})" if self.chance(0.12) else ""
        value = lambda kind: self.typed(self.expression(scope, kind, 1), kind)
        made = self.pick([
            lambda: ("count(*)", INT), lambda: (f"count({value(self.pick([INT, TEXT, REAL]))})", INT),
            lambda: (f"count(DISTINCT {value(self.pick([INT, TEXT, REAL]))})", INT),
            lambda: (f"CAST(sum({value(INT)}) AS bigint)", INT), lambda: (f"sum({self.typed(self.column(scope, REAL), REAL)})", REAL),
            lambda: (f"CAST(sum(DISTINCT {value(INT)}) AS bigint)", INT), lambda: (f"avg({value(INT)})", REAL),
            lambda: (f"min({value(INT)})", INT), lambda: (f"max({value(INT)})", INT),
            lambda: (f"min({value(TEXT)})", TEXT), lambda: (f"max({value(TEXT)})", TEXT),
            lambda: (f"max({value(REAL)})", REAL), lambda: (f"avg({self.typed(self.column(scope, REAL), REAL)})", REAL),
        ])()
        text = made[0]
        if text.startswith("CAST(") and extra:
            return f"{text[:-len(' AS bigint)')]}{extra} AS bigint)", made[1]
        return text + extra, made[1]

    # ---- queries

    def source(self, depth):
        """(text after FROM, scope)"""
        def one():
            name = self.alias()
            if depth > 0 and self.chance(0.2):
                inner = self.select_core(depth - 1)
                return f"({inner[0]}) {name}", [(f"{name}.{column}", kind) for column, kind in inner[1] if kind != BOOL]
            table = self.pick(self.tables)
            return f"{table.name} {name}", [(f"{name}.{column.name}", column.kind) for column in table.columns]

        text, scope = one()
        joins = self.pick([0, 0, 0, 1, 1, 2])
        for _ in range(joins):
            join, more = one()
            # SQLite 3.40 loses rows of RIGHT and FULL joins beside others and under constant conditions.
            outer = ["RIGHT JOIN", "FULL JOIN"] if joins == 1 else []
            kind = self.pick(["JOIN", "JOIN", "LEFT JOIN", "LEFT JOIN"] + (["CROSS JOIN"] if joins == 1 else []) + outer)
            both = scope + more
            if kind == "CROSS JOIN":
                text = f"{text} CROSS JOIN {join}"
            else:
                pairs = [(a, b) for a, x in scope for b, y in more if x == y]
                on = []
                if pairs and (kind in outer or self.chance(0.9)):
                    a, b = self.pick(pairs)
                    on.append(f"{a} = {b}")
                elif kind in outer:
                    kind = "LEFT JOIN"
                if not on or (kind not in outer and self.chance(0.25)):
                    on.append(self.condition(both, 1))
                text = f"{text} {kind} {join} ON {' AND '.join(on)}"
            scope = both
        return text, scope

    def select_core(self, depth):
        """(text without ORDER BY, [(output name, kind)])"""
        text, scope = self.source(depth)
        where = f" WHERE {self.condition(scope, self.random.randint(0, self.max_depth))}" if self.chance(0.7) else ""
        kinds = [kind for kind in (INT, TEXT, REAL, BLOB) if any(each == kind for _, each in scope)] or [INT]
        outputs = []
        if self.chance(0.35):
            groups = [self.expression(scope, self.pick(kinds), self.pick([0, 0, 1])) for _ in range(self.random.randint(0, 2))]
            groups = [group for group in groups if any(name in group for name, _ in scope) and "SELECT" not in group]
            group_kinds = []
            for group in groups:
                known = [kind for name, kind in scope if name == group]
                group_kinds.append(known[0] if known else None)
            items = [(group, kind) for group, kind in zip(groups, group_kinds)]
            items += [self.aggregate(scope) for _ in range(self.random.randint(1, 3))]
            having = ""
            if groups and self.chance(0.3):
                having = " HAVING " + self.pick(["count(*) > 1", "count(*) = 1", "count(*) + 1 < 4"])
            tail = (f" GROUP BY {', '.join(groups)}" if groups else "") + having
            listed = []
            for i, (item, kind) in enumerate(items):
                listed.append(f"{item} AS o{i}")
                outputs.append((f"o{i}", kind or BOOL))
            return f"SELECT {', '.join(listed)} FROM {text}{where}{tail}", outputs
        listed = []
        for i in range(self.random.randint(1, 4)):
            kind = self.pick(kinds + [BOOL])
            item = self.expression(scope, kind, self.pick([0, 0, 1, 2]))
            item = self.typed(item, kind)
            listed.append(f"{item} AS o{i}")
            outputs.append((f"o{i}", kind))
        distinct = "DISTINCT " if self.chance(0.15) else ""
        return f"SELECT {distinct}{', '.join(listed)} FROM {text}{where}", outputs

    def query(self):
        """(text, whether the order of rows is said)"""
        text, outputs = self.select_core(1)
        if self.chance(0.12):
            # The same columns again under another condition, so that the types agree.
            operator = self.pick(["UNION", "UNION ALL", "INTERSECT", "EXCEPT"])
            other = self.random.choice([text, self.similar(outputs)])
            text = f"SELECT * FROM ({text}) {self.alias()} {operator} {other}" if other else text
        elif self.chance(0.1):
            name = self.alias()
            inner = ", ".join(column for column, _ in outputs)
            again = self.pick([f"SELECT * FROM {name}", f"SELECT {inner} FROM {name} UNION ALL SELECT {inner} FROM {name}",
                               f"SELECT a.o0 FROM {name} a JOIN {name} b ON a.o0 = b.o0"])
            text = f"WITH {name} AS ({text}) {again}"
            if "a.o0" in again:
                outputs = outputs[:1]
        if self.chance(0.5):
            order = list(range(1, len(outputs) + 1))
            self.random.shuffle(order)
            keys = ", ".join(f"{i}{self.pick(['', ' DESC', ' ASC'])} NULLS {self.pick(['FIRST', 'LAST'])}" for i in order)
            limit = self.pick(["", "", f" LIMIT {self.random.randint(0, 12)}", f" LIMIT {self.random.randint(1, 5)} OFFSET {self.random.randint(0, 5)}"])
            return f"{text} ORDER BY {keys}{limit}", True
        return text, False

    def similar(self, outputs):
        if any(kind == BOOL for _, kind in outputs):
            return None
        text, scope = self.source(0)
        items = []
        for _, kind in outputs:
            item = self.expression(scope, kind, 1)
            items.append(self.typed(item, kind))
        where = f" WHERE {self.condition(scope, 1)}" if self.chance(0.5) else ""
        return f"SELECT {', '.join(items)} FROM {text}{where}"

    def ordered_range(self):
        """A range over one table in the order of its columns: what an index gives without a sort."""
        table = self.pick(self.tables)
        columns = self.random.sample(table.columns, min(len(table.columns), self.random.randint(1, 3)))
        scope = [(column.name, column.kind) for column in table.columns]
        where = " AND ".join(self.condition([(c.name, c.kind)], 0) for c in columns if self.chance(0.7))
        rest = [column for column in table.columns if column not in columns]
        direction = self.pick(["", " DESC"])
        nulls = "LAST" if direction == "" else "FIRST"
        if self.chance(0.2):
            nulls = self.pick(["FIRST", "LAST"])
        keys = ", ".join(f"{column.name}{direction} NULLS {nulls}" for column in columns + rest)
        limit = self.pick(["", f" LIMIT {self.random.randint(1, 9)}", f" LIMIT {self.random.randint(1, 9)} OFFSET {self.random.randint(0, 9)}"])
        listed = ", ".join(name for name, _ in scope)
        return f"SELECT {listed} FROM {table.name}{' WHERE ' + where if where else ''} ORDER BY {keys}{limit}", True

    # ---- changes

    def row(self, table, size=1):
        out = []
        for column in table.columns:
            if column.name in table.key and column.kind == INT:
                out.append(str(self.random.randint(-5, 60 * size)))
            elif column.name in table.key:
                out.append(f"'{self.pick(WORDS)}{self.random.randint(0, 9 * size)}'")
            elif self.chance(0.004):
                out.append({TEXT: "'" + "long" * 3000 + "'", BLOB: "x'" + "ab" * 9000 + "'"}.get(column.kind, "17"))
            else:
                out.append(self.literal(column.kind, 0.0 if column.not_null and self.chance(0.9) else 0.1))
        return "(" + ", ".join(out) + ")"

    def change(self):
        table = self.pick(self.tables)
        scope = [(f"{table.name}.{column.name}", column.kind) for column in table.columns]
        names = ", ".join(column.name for column in table.columns)
        r = self.random.random()
        if r < 0.4:
            rows = ", ".join(self.row(table) for _ in range(self.pick([1, 1, 2, 5, 20])))
            conflict = ""
            if table.key and self.chance(0.2):
                conflict = f" ON CONFLICT ({', '.join(table.key)}) DO NOTHING"
            elif self.chance(0.1):
                conflict = " ON CONFLICT DO NOTHING"
            return f"INSERT INTO {table.name} ({names}) VALUES {rows}{conflict}"
        if r < 0.5:
            # Keys come from keys, so that it does not depend on the order of rows which of two conflicting ones wins.
            other = self.pick(self.tables)
            inner = [(f"s.{column.name}", column.kind) for column in other.columns]
            unique = other.key == ["id"]
            items = []
            for column in table.columns:
                if column.name in table.key and column.kind == INT:
                    source = [text for text, kind in inner if kind == INT]
                    if unique and ("s.id", INT) in inner:
                        source = ["s.id"]
                    # (a NULL would be given a number, and by another rule)
                    items.append(f"coalesce({self.pick(source)}, 0) + {self.random.randint(0, 40)}" if source else str(self.random.randint(0, 99)))
                elif column.name in table.key and unique and ("s.id", column.kind) in inner:
                    items.append("s.id")
                elif column.declared in ("integer", "smallint"):
                    items.append(self.literal(INT))
                else:
                    items.append(self.typed(self.expression(inner, column.kind, 1), column.kind))
            can_conflict = table.key == ["id"] and unique and items[0].startswith(("s.id", "coalesce(s.id")) and not table.has_unique
            conflict = " ON CONFLICT (id) DO NOTHING" if can_conflict and self.chance(0.5) else ""
            return f"INSERT INTO {table.name} ({names}) SELECT {', '.join(items)} FROM {other.name} s WHERE {self.condition(inner, 1)}{conflict}"
        where = f" WHERE {self.condition(scope, self.random.randint(0, 2))}"
        if r < 0.85:
            sets = []
            for column in self.random.sample(table.columns, min(len(table.columns), self.pick([1, 1, 2]))):
                if column.name in table.key:
                    if column.kind != INT or self.chance(0.6):
                        continue
                    sets.append(f"{column.name} = {column.name} + {self.pick([1000, 200, -300])}")
                elif column.declared in ("integer", "smallint"):
                    sets.append(f"{column.name} = {self.pick([self.literal(INT), self.literal(INT)])}")
                else:
                    value = self.expression(scope, column.kind, 2)
                    sets.append(f"{column.name} = {value}")
            if not sets:
                return None
            return f"UPDATE {table.name} SET {', '.join(sets)}{where}"
        return f"DELETE FROM {table.name}{where}"
