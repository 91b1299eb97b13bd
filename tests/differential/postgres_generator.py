"""Random schemas, data and statements in the language that TurDB and PostgreSQL share.

Everything comes from one `random.Random`, so that a seed names a run. Expressions are typed. What may rightly differ is
not generated: the order of rows that no ORDER BY fixes, which of several equal rows a LIMIT keeps, sums of reals whose
order changes their last digit (reals are multiples of a quarter), the time of now(), error messages' words.
"""

INT, NUM, REAL, TEXT, BOOL, DATE, TIME, SPAN, ARRAY, JSON, BYTES = (
    "int", "num", "real", "text", "bool", "date", "timestamp", "interval", "array", "json", "bytes")
DECLARED = {
    INT: ["bigint", "integer", "smallint"], NUM: ["numeric(12,3)", "numeric(30,6)"], REAL: ["double precision"],
    TEXT: ["text", "varchar(40)"], BOOL: ["boolean"], DATE: ["date"], TIME: ["timestamp"], SPAN: ["interval"],
    ARRAY: ["integer[]"], JSON: ["jsonb"], BYTES: ["bytea"]}
CAST = {INT: "bigint", NUM: "numeric", REAL: "double precision", TEXT: "text", BOOL: "boolean", DATE: "date",
        TIME: "timestamp", SPAN: "interval", ARRAY: "integer[]", JSON: "jsonb", BYTES: "bytea"}
COLUMN_KINDS = [INT, INT, INT, INT, TEXT, TEXT, TEXT, NUM, NUM, REAL, BOOL, DATE, TIME, SPAN, ARRAY, JSON, BYTES]
ORDERED = [INT, NUM, REAL, TEXT, BOOL, DATE, TIME, SPAN, ARRAY, BYTES]  # jsonb has an order too, one of its own
GROUPED = [INT, NUM, TEXT, BOOL, DATE, TIME]
WORDS = ["", "a", "A", "ab", "abc", "b", "B", "zz", "a%", "a_c", "foo", "Foo bar", "é", "日本", "x" * 30, "0", "10", "  pad "]
JSONS = ['{}', '[]', '1', '"a"', 'null', '{"a": 1}', '{"a": {"b": [1, 2, 3]}}', '[1, "x", null]', '{"a": "x", "b": true}',
         '{"b": 2.50, "a": [{"k": 1}, {"k": 2}]}', '[[1], [2, [3]]]', 'true']


class Column:
    def __init__(self, name, kind, declared, not_null=False):
        self.name, self.kind, self.declared, self.not_null = name, kind, declared, not_null


class Table:
    def __init__(self, name, columns, key):
        self.name, self.columns, self.key = name, columns, key


class Generator:
    def __init__(self, random, max_depth=3):
        self.random, self.max_depth = random, max_depth
        self.tables, self.aliases, self.indexes = [], 0, 0

    # ---- choices

    def chance(self, p):
        return self.random.random() < p

    def pick(self, items):
        return self.random.choice(items)

    def some(self, makers):
        return self.pick(makers)()

    def alias(self):
        self.aliases += 1
        return f"q{self.aliases}"

    # ---- values

    def literal(self, kind, null_share=0.07):
        r = self.random
        if r.random() < null_share:
            return f"CAST(NULL AS {CAST[kind]})"
        day = lambda: f"{r.choice([1999, 2000, 2020, 2023, 2024])}-{r.randint(1, 12):02}-{r.randint(1, 28):02}"
        clock = lambda: f"{r.randint(0, 23):02}:{r.randint(0, 59):02}:{r.choice(['00', '30', '59.5', '01.000001'])}"
        if kind == INT:
            return str(r.choice([0, 1, 2, 3, 5, 7, 10, r.randint(0, 20), r.randint(0, 300), r.randint(0, 30000)]))
        if kind == NUM:
            return r.choice(["0.0", "1.5", "2.500", "-0.125", "99.99", f"{r.randint(-999, 999)}.{r.randint(0, 999):03}"])
        if kind == REAL:
            return f"CAST({r.choice([0.0, 0.25, -0.5, 1.0, 2.75, -3.25, r.randint(-400, 400) / 4.0])} AS double precision)"
        if kind == TEXT:
            return "'" + r.choice(WORDS) + "'"
        if kind == BOOL:
            return r.choice(["true", "false"])
        if kind == DATE:
            return f"date '{day()}'"
        if kind == TIME:
            return f"timestamp '{day()} {clock()}'"
        if kind == SPAN:
            return "interval '" + r.choice(["1 day", "-2 hours", "1 month 3 days", "00:30:00", "2 years", "1 day -01:00:00",
                                            f"{r.randint(0, 90)} minutes"]) + "'"
        if kind == ARRAY:
            return "CAST('{" + ",".join(r.choice(["1", "2", "3", "NULL", "40"]) for _ in range(r.randint(0, 4))) + "}' AS integer[])"
        if kind == JSON:
            return "CAST('" + r.choice(JSONS) + "' AS jsonb)"
        return "CAST('\\x" + bytes(r.randint(0, 255) for _ in range(r.choice([0, 1, 2, 4]))).hex() + "' AS bytea)"

    # ---- schema

    def create_table(self):
        r = self.random
        columns = []
        for i in range(r.randint(2, 7)):
            kind = r.choice(COLUMN_KINDS)
            columns.append(Column(f"c{i}", kind, r.choice(DECLARED[kind]), r.random() < 0.12))
        key = r.choice([["id"], ["id"], ["id"], [], ["k1", "k2"]])
        if key == ["id"]:
            kind = r.choice([INT, INT, INT, TEXT, NUM, DATE])
            columns.insert(0, Column("id", kind, {INT: "integer", NUM: "numeric(12,3)"}.get(kind, CAST[kind]), True))
        elif key:
            columns.insert(0, Column("k1", TEXT, "text", True))
            columns.insert(1, Column("k2", INT, "integer", True))
        parts = []
        for column in columns:
            text = f"{column.name} {column.declared}"
            if column.not_null and column.name not in key:
                text += " NOT NULL"
            if column.name not in key and self.chance(0.1):
                text += f" DEFAULT {self.literal(column.kind, 0)}"
            if column.kind == INT and column.name.startswith("c") and self.chance(0.08):
                text += f" CHECK ({column.name} < 25000)"
            parts.append(text)
        sources = [column for column in columns if column.kind in (INT, TEXT) and column.name.startswith("c")]
        if sources and self.chance(0.15):
            source = self.pick(sources)
            made = f"{source.name} + 1" if source.kind == INT else f"upper({source.name})"
            kind = source.kind
            parts.append(f"g {CAST[kind]} GENERATED ALWAYS AS ({made}) STORED")
            generated = Column("g", kind, "generated")
        else:
            generated = None
        if key:
            parts.append(f"PRIMARY KEY ({', '.join(key)})")
        table = Table(f"t{len(self.tables)}", columns + ([generated] if generated else []), key)
        self.tables.append(table)
        return f"CREATE TABLE {table.name} ({', '.join(parts)})"

    def create_index(self):
        table = self.pick(self.tables)
        fitting = [column for column in table.columns if column.kind in ORDERED]
        if not fitting:
            return None
        chosen = self.random.sample(fitting, min(len(fitting), self.random.randint(1, 3)))
        self.indexes += 1
        parts = []
        for column in chosen:
            text = column.name
            if column.kind == TEXT and self.chance(0.15):
                text = f"lower({column.name})"
            elif column.kind == INT and self.chance(0.1):
                text = f"({column.name} % 10)"
            parts.append(text + self.pick(["", "", " DESC", " DESC NULLS LAST", " ASC NULLS FIRST"]))
        where = ""
        if self.chance(0.15):
            where = f" WHERE {self.condition([(c.name, c.kind) for c in table.columns], 0)}"
        return f"CREATE INDEX i{self.indexes} ON {table.name} ({', '.join(parts)}){where}"

    # ---- expressions; `scope` is a list of (text, kind)

    def column(self, scope, kind):
        fitting = [text for text, each in scope if each == kind]
        return self.pick(fitting) if fitting else self.literal(kind)

    def expression(self, scope, kind, depth=None):
        depth = self.max_depth if depth is None else depth
        if depth <= 0 or self.chance(0.35):
            return self.column(scope, kind) if self.chance(0.8) else self.literal(kind)
        if kind == BOOL and self.chance(0.8):
            return self.condition(scope, depth)
        if self.tables and self.chance(0.08):
            return self.scalar_subquery(scope, kind, depth - 1)
        sub = lambda wanted: self.expression(scope, wanted, depth - 1)
        small = lambda: str(self.random.randint(0, 5))
        common = [
            lambda: f"coalesce({sub(kind)}, {sub(kind)})",
            lambda: f"CASE WHEN {sub(BOOL)} THEN {sub(kind)} ELSE {sub(kind)} END",
            lambda: f"CASE WHEN {sub(BOOL)} THEN {sub(kind)} WHEN {sub(BOOL)} THEN {sub(kind)} END",
        ]
        if kind in ORDERED:
            common += [lambda: f"nullif({sub(kind)}, {sub(kind)})", lambda: f"greatest({sub(kind)}, {sub(kind)})",
                       lambda: f"least({sub(kind)}, {sub(kind)}, {sub(kind)})"]
        own = {
            INT: lambda: [
                lambda: f"({sub(INT)} + {sub(INT)})", lambda: f"({sub(INT)} - {sub(INT)})",
                lambda: f"({self.column(scope, INT)} * {small()})", lambda: f"({sub(INT)} / nullif({sub(INT)}, 0))",
                lambda: f"({sub(INT)} % nullif({sub(INT)}, 0))", lambda: f"abs({sub(INT)})", lambda: f"(- {sub(INT)})",
                lambda: f"length({sub(TEXT)})", lambda: f"({sub(INT)} & {sub(INT)})", lambda: f"({sub(INT)} # {sub(INT)})",
                lambda: f"({sub(INT)} / {sub(INT)})", lambda: f"CAST({sub(NUM)} AS bigint)", lambda: f"CAST({sub(REAL)} AS bigint)",
                lambda: f"CAST({sub(BOOL)} AS integer)", lambda: f"position({sub(TEXT)} IN {sub(TEXT)})",
                lambda: f"strpos({sub(TEXT)}, {self.literal(TEXT)})", lambda: f"octet_length({sub(TEXT)})",
                lambda: f"({sub(DATE)} - {sub(DATE)})", lambda: f"CAST(extract({self.pick(['year', 'month', 'day', 'dow', 'doy', 'week', 'quarter', 'isodow', 'century'])} FROM {sub(self.pick([DATE, TIME]))}) AS bigint)",
                lambda: f"cardinality({sub(ARRAY)})", lambda: f"array_length({sub(ARRAY)}, 1)", lambda: f"({sub(ARRAY)})[{small()}]",
                lambda: f"jsonb_array_length(CASE WHEN jsonb_typeof({{0}}) = 'array' THEN {{0}} END)".format(self.column(scope, JSON)),
                lambda: f"ascii({sub(TEXT)})", lambda: f"sign({sub(INT)})::bigint", lambda: f"mod({sub(INT)}, {self.random.randint(1, 9)})",
                lambda: f"length({sub(BYTES)})", lambda: f"num_nulls({sub(INT)}, {sub(TEXT)}, {sub(DATE)})",
                lambda: f"width_bucket({sub(NUM)}, 0, 100, 5)", lambda: f"div({sub(INT)}, {self.random.randint(1, 5)})::bigint",
                lambda: f"gcd({sub(INT)}, {self.random.randint(1, 60)})", lambda: f"({sub(INT)} << {small()})",
            ],
            NUM: lambda: [
                lambda: f"({sub(NUM)} + {sub(NUM)})", lambda: f"({sub(NUM)} - {sub(INT)})", lambda: f"({self.column(scope, NUM)} * {self.literal(NUM, 0)})",
                lambda: f"round({sub(NUM)}, {self.random.randint(-1, 3)})", lambda: f"trunc({sub(NUM)}, {self.random.randint(0, 2)})",
                lambda: f"floor({sub(NUM)})", lambda: f"ceil({sub(NUM)})", lambda: f"abs({sub(NUM)})", lambda: f"CAST({sub(INT)} AS numeric)",
                lambda: f"CAST({sub(NUM)} AS numeric(20,2))", lambda: f"({self.column(scope, NUM)} / {self.random.randint(1, 9)})",
                lambda: f"mod({sub(NUM)}, 7.5)", lambda: f"sign({sub(NUM)})", lambda: f"round({sub(NUM)})",
                lambda: f"extract(epoch FROM {sub(self.pick([TIME, SPAN]))})",
            ],
            REAL: lambda: [
                lambda: f"({sub(REAL)} + {sub(REAL)})", lambda: f"({sub(REAL)} - {sub(INT)})", lambda: f"abs({sub(REAL)})",
                lambda: f"CAST({sub(INT)} AS double precision)", lambda: f"({self.column(scope, REAL)} * {small()})",
                lambda: f"floor({sub(REAL)})", lambda: f"round({sub(REAL)})", lambda: f"CAST({sub(NUM)} AS double precision)",
                lambda: f"({sub(REAL)} / nullif({sub(REAL)}, 0))",
            ],
            TEXT: lambda: [
                lambda: f"({sub(TEXT)} || {sub(TEXT)})", lambda: f"upper({sub(TEXT)})", lambda: f"lower({sub(TEXT)})",
                lambda: f"substr({sub(TEXT)}, {small()})", lambda: f"substring({sub(TEXT)} FROM {small()} FOR {small()})",
                lambda: f"replace({sub(TEXT)}, 'a', 'xy')", lambda: f"trim({sub(TEXT)})", lambda: f"btrim({sub(TEXT)}, 'ab')",
                lambda: f"CAST({sub(self.pick([INT, NUM, BOOL, DATE, TIME, SPAN, ARRAY, JSON, REAL, BYTES]))} AS text)",
                lambda: f"left({sub(TEXT)}, {self.random.randint(-2, 4)})", lambda: f"right({sub(TEXT)}, {self.random.randint(-2, 4)})",
                lambda: f"lpad({sub(TEXT)}, {small()}, 'xy')", lambda: f"rpad({sub(TEXT)}, {small()})", lambda: f"repeat({sub(TEXT)}, {small()})",
                lambda: f"reverse({sub(TEXT)})", lambda: f"initcap({sub(TEXT)})", lambda: f"split_part({sub(TEXT)}, 'a', {self.random.randint(1, 3)})",
                lambda: f"concat({sub(TEXT)}, {sub(INT)}, {sub(BOOL)})", lambda: f"concat_ws('-', {sub(TEXT)}, {sub(DATE)}, {sub(TEXT)})",
                lambda: f"translate({sub(TEXT)}, 'abc', 'xy')", lambda: f"md5({sub(TEXT)})", lambda: f"quote_literal({sub(TEXT)})",
                lambda: f"to_char({sub(self.pick([DATE, TIME]))}, '{self.pick(['YYYY-MM-DD', 'Mon DD, YYYY', 'HH24:MI:SS', 'Day', 'IYYY-IW', 'YYYYMMDD', 'DDth FMMonth', 'Q'])}')",
                lambda: f"to_char({sub(NUM)}, '{self.pick(['999999.99', 'FM99990.099', '00000.0', 'S99999', '9,999,999.9'])}')",
                lambda: f"({sub(JSON)} ->> 'a')", lambda: f"({sub(JSON)} #>> '{{a,b}}')", lambda: f"jsonb_typeof({sub(JSON)})",
                lambda: f"array_to_string({sub(ARRAY)}, ',', '*')", lambda: f"regexp_replace({sub(TEXT)}, '[a-c]+', '<\\&>', 'g')",
                lambda: f"overlay({sub(TEXT)} PLACING 'XX' FROM {self.random.randint(1, 4)})", lambda: f"format('%s|%I|%L', {sub(INT)}, {self.literal(TEXT, 0)}, {sub(TEXT)})",
                lambda: f"encode({sub(BYTES)}, '{self.pick(['hex', 'base64', 'escape'])}')", lambda: f"starts_with({sub(TEXT)}, 'a')::text",
                lambda: f"CAST({sub(TEXT)} AS varchar(3))", lambda: f"chr({self.random.randint(33, 1000)})", lambda: f"to_hex({sub(INT)})",
            ],
            BOOL: lambda: [lambda: f"(NOT {sub(BOOL)})", lambda: f"CAST({sub(INT)} AS integer)::boolean"],
            DATE: lambda: [
                lambda: f"({sub(DATE)} + {small()})", lambda: f"CAST({sub(TIME)} AS date)", lambda: f"({sub(DATE)} - {small()})",
                lambda: f"make_date({self.random.randint(1990, 2030)}, {self.random.randint(1, 12)}, {self.random.randint(1, 28)})",
            ],
            TIME: lambda: [
                lambda: f"({sub(TIME)} + {sub(SPAN)})", lambda: f"({sub(DATE)} + {sub(SPAN)})", lambda: f"({sub(TIME)} - {sub(SPAN)})",
                lambda: f"date_trunc('{self.pick(['year', 'month', 'week', 'day', 'hour', 'quarter'])}', {sub(TIME)})",
                lambda: f"CAST({sub(DATE)} AS timestamp)", lambda: f"date_bin('15 minutes', {sub(TIME)}, timestamp '2001-01-01')",
            ],
            SPAN: lambda: [
                lambda: f"({sub(SPAN)} + {sub(SPAN)})", lambda: f"({sub(TIME)} - {sub(TIME)})", lambda: f"(- {sub(SPAN)})",
                lambda: f"age({sub(TIME)}, {sub(TIME)})", lambda: f"({sub(SPAN)} * {small()})", lambda: f"justify_hours({sub(SPAN)})",
                lambda: f"justify_days({sub(SPAN)})", lambda: f"make_interval(days => {small()}, hours => {small()})",
            ],
            ARRAY: lambda: [
                lambda: f"({sub(ARRAY)} || {sub(ARRAY)})", lambda: f"array_append({sub(ARRAY)}, {self.random.randint(0, 9)})",
                lambda: f"ARRAY[{self.random.randint(0, 9)}, {self.random.randint(0, 9)}, NULL]", lambda: f"array_remove({sub(ARRAY)}, 2)",
                lambda: f"({sub(ARRAY)})[{small()}:{small()}]", lambda: f"array_positions({sub(ARRAY)}, 1)", lambda: f"array_replace({sub(ARRAY)}, 1, 7)",
            ],
            JSON: lambda: [
                lambda: f"({sub(JSON)} -> 'a')", lambda: "CASE WHEN jsonb_typeof({0}) = 'array' THEN {0} -> {1} END".format(self.column(scope, JSON), small()), lambda: f"({sub(JSON)} #> '{{a,b}}')",
                lambda: f"to_jsonb({sub(self.pick([INT, TEXT, BOOL, ARRAY, DATE]))})", lambda: f"jsonb_build_array({sub(INT)}, {sub(TEXT)})",
                lambda: f"jsonb_build_object('k', {sub(INT)}, 'v', {sub(TEXT)})", lambda: f"jsonb_strip_nulls({sub(JSON)})",
                lambda: f"jsonb_set({sub(JSON)}, '{{a}}', '5')", lambda: f"jsonb_path_query_first({sub(JSON)}, '$.a')",
                lambda: f"({sub(JSON)} || '{{\"z\": 1}}'::jsonb)",
            ],
            BYTES: lambda: [lambda: f"({sub(BYTES)} || {sub(BYTES)})", lambda: f"substr({sub(BYTES)}, {self.random.randint(1, 3)})",
                            lambda: f"decode('{self.pick(['00ff', '', 'abcd'])}', 'hex')", lambda: f"convert_to({sub(TEXT)}, 'UTF8')"],
        }[kind]()
        return self.some(common + own * 3)

    COMPARE = ["=", "<", ">", "<=", ">=", "<>"]

    def condition(self, scope, depth):
        sub = lambda wanted: self.expression(scope, wanted, depth - 1)
        kinds = sorted({kind for _, kind in scope if kind in ORDERED}) or [INT]
        kind = self.pick(kinds)
        here = self.column(scope, kind) if self.chance(0.7) else sub(kind)
        negated = self.pick(["", "", "NOT "])
        simple = [
            lambda: f"{here} {self.pick(self.COMPARE)} {self.literal(kind, 0.02)}",
            lambda: f"{here} {self.pick(self.COMPARE)} {self.column(scope, kind)}",
            lambda: f"{here} IS {negated}NULL",
            lambda: f"{here} {negated}BETWEEN {self.literal(kind)} AND {self.literal(kind)}",
            lambda: f"{here} {negated}IN ({', '.join(self.literal(kind) for _ in range(self.random.randint(1, 5)))})",
            lambda: f"{self.column(scope, TEXT)} {negated}{self.pick(['LIKE', 'ILIKE'])} '{self.pick(['a%', '%b%', '_', '%', 'foo%', 'a_', '', '%o'])}'",
            lambda: f"{self.column(scope, TEXT)} {self.pick(['~', '!~', '~*'])} '{self.pick(['^a', 'b+', '[0-9]', 'o$', '(a|b)c?'])}'",
            lambda: f"{self.column(scope, BOOL)} IS {negated}{self.pick(['TRUE', 'FALSE', 'UNKNOWN'])}",
        ]
        if depth <= 0:
            return "(" + self.some(simple) + ")"
        more = [
            lambda: f"{sub(BOOL)} AND {sub(BOOL)}", lambda: f"{sub(BOOL)} OR {sub(BOOL)}", lambda: f"NOT {sub(BOOL)}",
            lambda: f"{sub(kind)} {self.pick(self.COMPARE)} {sub(kind)}",
            lambda: f"{sub(kind)} IS {negated}DISTINCT FROM {sub(kind)}", lambda: f"{sub(kind)} {negated}IN ({sub(kind)}, {sub(kind)})",
            lambda: f"{sub(INT)} {self.pick(self.COMPARE)} {self.pick(['ANY', 'ALL'])} ({self.column(scope, ARRAY)})",
            lambda: f"{sub(ARRAY)} {self.pick(['@>', '<@', '&&'])} {sub(ARRAY)}", lambda: f"{sub(JSON)} {self.pick(['@>', '<@', '='])} {sub(JSON)}",
            lambda: f"{sub(JSON)} ? 'a'", lambda: f"({sub(INT)}, {sub(TEXT)}) {self.pick(self.COMPARE)} ({sub(INT)}, {sub(TEXT)})",
        ]
        if self.tables:
            more += [
                lambda: f"{negated}EXISTS ({self.inner_select(scope, depth - 1, None)})",
                lambda: f"{sub(kind)} {negated}IN ({self.inner_select(scope, depth - 1, kind)})",
                lambda: f"{sub(kind)} {self.pick(self.COMPARE)} {self.pick(['ANY', 'ALL'])} ({self.inner_select(scope, depth - 1, kind)})",
            ]
        return "(" + self.some(simple * 2 + more) + ")"

    def inner_select(self, scope, depth, kind):
        table, name = self.pick(self.tables), self.alias()
        inner = [(f"{name}.{column.name}", column.kind) for column in table.columns]
        visible = inner + (scope if self.chance(0.5) else [])
        value = "1" if kind is None else self.expression(inner, kind, min(depth, 1))
        where = []
        if self.chance(0.6):
            other = [(text, each) for text, each in scope if each in ORDERED and any(each == mine for _, mine in inner)]
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
            value = self.pick(["count(*)", f"count({value})"])
        elif kind in (ARRAY, JSON, BYTES, BOOL):
            value = {ARRAY: "CAST(array_agg(1) AS integer[])", JSON: "to_jsonb(count(*))", BYTES: "convert_to(max('a'), 'UTF8')",
                     BOOL: f"{self.pick(['bool_and', 'bool_or', 'every'])}({value})"}[kind]
        else:
            value = f"{self.pick(['min', 'max'])}({value})"
        return f"(SELECT {value} FROM {table.name} {name}{where})"

    def aggregate(self, scope):
        """(text, kind)"""
        # (a bare literal has no type, which some aggregates mind)
        value = lambda kind: f"CAST({self.expression(scope, kind, 1)} AS {CAST[kind]})"
        any_kind = self.pick([INT, TEXT, NUM, DATE])
        text, kind = self.some([
            lambda: ("count(*)", INT), lambda: (f"count({value(any_kind)})", INT), lambda: (f"count(DISTINCT {value(any_kind)})", INT),
            lambda: (f"sum({value(INT)})", NUM), lambda: (f"sum({self.column(scope, REAL)})", REAL), lambda: (f"sum({value(NUM)})", NUM),
            lambda: (f"sum(DISTINCT {value(INT)})", NUM), lambda: (f"avg({value(INT)})", NUM), lambda: (f"avg({self.column(scope, NUM)})", NUM),
            lambda: (f"{self.pick(['min', 'max'])}({value(any_kind)})", any_kind), lambda: (f"bool_or({value(BOOL)})", BOOL),
            lambda: (f"every({value(BOOL)})", BOOL), lambda: (lambda v: (f"string_agg({v}, ',' ORDER BY {v})", TEXT))(value(TEXT)),
            lambda: (lambda v: (f"array_agg({v} ORDER BY {v})::text", TEXT))(value(INT)), lambda: (f"sum({value(SPAN)})", SPAN),
            lambda: (f"bit_and({value(INT)})", INT), lambda: (f"bit_or({self.column(scope, INT)})", INT),
            lambda: (lambda v: (f"jsonb_agg({v} ORDER BY {v})", JSON))(value(INT)),
            lambda: (f"percentile_disc({self.pick(['0.5', '0.25', '0', '1'])}) WITHIN GROUP (ORDER BY {value(any_kind)})", any_kind),
        ])
        if self.chance(0.15) and "WITHIN" not in text and "::text" not in text:
            text += f" FILTER (WHERE {self.condition(scope, 1)})"
        return text, kind

    def window(self, scope, total):
        """(text, kind); `total` is an order of the rows that leaves none equal."""
        value = lambda kind: f"CAST({self.expression(scope, kind, 1)} AS {CAST[kind]})"  # a bare literal has no type
        partition = f"PARTITION BY {self.expression(scope, self.pick(GROUPED), 1)} " if self.chance(0.6) else ""
        direction = self.pick(["", " DESC"])
        order = f"ORDER BY {', '.join(text + direction for text in total)}"
        kind = self.pick([INT, TEXT, DATE])
        start = self.pick(["UNBOUNDED PRECEDING", "2 PRECEDING", "CURRENT ROW"])
        end = self.pick(["CURRENT ROW", "1 FOLLOWING", "UNBOUNDED FOLLOWING"])
        exclude = self.pick(["", "", "", " EXCLUDE CURRENT ROW", " EXCLUDE TIES", " EXCLUDE GROUP"])
        frame = self.pick(["", "", f" {self.pick(['ROWS', 'GROUPS'])} BETWEEN {start} AND {end}{exclude}"])
        function, made = self.some([
            lambda: ("row_number()", INT), lambda: ("rank()", INT), lambda: ("dense_rank()", INT), lambda: (f"ntile({self.random.randint(1, 4)})", INT),
            lambda: (f"lag({value(kind)})", kind), lambda: (f"lead({value(kind)}, {self.random.randint(0, 3)})", kind),
            lambda: (f"first_value({value(kind)})", kind), lambda: (f"last_value({value(kind)})", kind),
            lambda: (f"nth_value({value(kind)}, {self.random.randint(1, 3)})", kind), lambda: (f"sum({value(INT)})", NUM),
            lambda: (f"count({value(kind)})", INT), lambda: (f"max({value(kind)})", kind), lambda: (f"avg({self.column(scope, NUM)})", NUM),
            lambda: ("cume_dist()", REAL), lambda: ("percent_rank()", REAL),
        ])
        return f"{function} OVER ({partition}{order}{frame})", made

    # ---- queries

    def source(self, depth):
        """(text after FROM, scope)"""
        def one(lateral):
            name = self.alias()
            r = self.random.random()
            if depth > 0 and r < 0.15:
                text, outputs = self.select_core(depth - 1)
                return f"({text}) {name}", [(f"{name}.{column}", kind) for column, kind in outputs]
            if r < 0.19:
                return f"generate_series(1, {self.random.randint(0, 6)}) {name}(n)", [(f"{name}.n", INT)]
            if r < 0.23:
                rows = ", ".join(f"({self.literal(INT)}, {self.literal(TEXT)})" for _ in range(self.random.randint(1, 4)))
                return f"(VALUES {rows}) {name}(a, b)", [(f"{name}.a", INT), (f"{name}.b", TEXT)]
            if lateral and r < 0.3:
                inner = self.inner_select(lateral, 1, INT)
                return f"LATERAL ({inner} ORDER BY 1 LIMIT 2) {name}(v)", [(f"{name}.v", INT)]
            if lateral and r < 0.33:
                return f"unnest({self.column(lateral, ARRAY)}) {name}(v)", [(f"{name}.v", INT)]
            table = self.pick(self.tables)
            return f"{table.name} {name}", [(f"{name}.{column.name}", column.kind) for column in table.columns]

        text, scope = one(None)
        for _ in range(self.pick([0, 0, 0, 1, 1, 2])):
            join, more = one(scope)
            free = join.startswith(("LATERAL", "unnest"))
            kind = self.pick(["JOIN", "JOIN", "LEFT JOIN", "LEFT JOIN", "CROSS JOIN"] + ([] if free else ["RIGHT JOIN", "FULL JOIN"]))
            both = scope + more
            if kind == "CROSS JOIN":
                text = f"{text} CROSS JOIN {join}"
            else:
                pairs = [(a, b) for a, x in scope for b, y in more if x == y and x in ORDERED]
                on = []
                if pairs:
                    a, b = self.pick(pairs)
                    on.append(f"{a} = {b}")
                if kind != "FULL JOIN" and (not on or self.chance(0.25)):
                    on.append(self.condition(both, 1))
                if not on:
                    kind, on = "LEFT JOIN", ["true"]
                text = f"{text} {kind} {join} ON {' AND '.join(on)}"
            scope = both
        return text, scope

    def select_core(self, depth):
        """(text without ORDER BY, [(output name, kind)])"""
        text, scope = self.source(depth)
        where = f" WHERE {self.condition(scope, self.random.randint(0, self.max_depth))}" if self.chance(0.65) else ""
        kinds = [kind for kind in CAST if any(each == kind for _, each in scope)] or [INT]
        outputs, listed = [], []
        if self.chance(0.35):
            groups, group_kinds = [], []
            for _ in range(self.random.randint(0, 2)):
                group_kind = self.pick([kind for kind in kinds if kind in GROUPED] or [INT])
                known = [name for name, kind in scope if kind == group_kind]
                if known:
                    groups.append(self.pick(known))
                    group_kinds.append(group_kind)
            items = list(zip(groups, group_kinds)) + [self.aggregate(scope) for _ in range(self.random.randint(1, 3))]
            having = " HAVING " + self.pick(["count(*) > 1", "count(*) = 1", "max(1) = 1"]) if groups and self.chance(0.3) else ""
            for i, (item, kind) in enumerate(items):
                listed.append(f"{item} AS o{i}")
                outputs.append((f"o{i}", kind))
            by = ", ".join(groups)
            if groups and self.chance(0.2):
                by = self.pick([f"ROLLUP ({by})", f"CUBE ({by})", f"GROUPING SETS (({by}), ({groups[0]}), ())"])
            return f"SELECT {', '.join(listed)} FROM {text}{where}{' GROUP BY ' + by if groups else ''}{having}", outputs
        for i in range(self.random.randint(1, 4)):
            kind = self.pick(kinds + [BOOL, TEXT, INT])
            listed.append(f"{self.expression(scope, kind, self.pick([0, 1, 2, 2]))} AS o{i}")
            outputs.append((f"o{i}", kind))
        total = [name for name, kind in scope if kind in ORDERED]
        if self.chance(0.15) and total and not any(kind == JSON for _, kind in scope):
            item, kind = self.window(scope, total)
            listed.append(f"{item} AS o{len(outputs)}")
            outputs.append((f"o{len(outputs)}", kind))
        distinct = "DISTINCT " if self.chance(0.12) and all(kind != JSON for _, kind in outputs) else ""
        return f"SELECT {distinct}{', '.join(listed)} FROM {text}{where}", outputs

    def query(self):
        """(text, whether the order of rows is said)"""
        text, outputs = self.select_core(1)
        if self.chance(0.12):
            operator = self.pick(["UNION", "UNION ALL", "INTERSECT", "EXCEPT", "INTERSECT ALL", "EXCEPT ALL"])
            source, scope = self.source(0)
            items = ", ".join(self.expression(scope, kind, 1) for _, kind in outputs)
            text = f"{text} {operator} SELECT {items} FROM {source}"
        elif self.chance(0.1):
            name = self.alias()
            inner = ", ".join(column for column, _ in outputs)
            text = f"WITH {name} AS {self.pick(['', 'MATERIALIZED ', 'NOT MATERIALIZED '])}({text}) " + self.pick([
                f"SELECT {inner} FROM {name}", f"SELECT {inner} FROM {name} UNION ALL SELECT {inner} FROM {name}"])
        elif self.chance(0.03):
            return (f"WITH RECURSIVE r(n, s) AS (SELECT 1, CAST('a' AS text) UNION ALL SELECT n + 1, s || {self.literal(TEXT, 0)} FROM r "
                    f"WHERE n < {self.random.randint(1, 9)}) SELECT n, length(s), s FROM r ORDER BY n"), True
        if self.chance(0.5) and all(kind != JSON for _, kind in outputs):
            order = list(range(1, len(outputs) + 1))
            self.random.shuffle(order)
            keys = ", ".join(f"{i}{self.pick(['', ' DESC', ' ASC'])}{self.pick(['', ' NULLS FIRST', ' NULLS LAST'])}" for i in order)
            limit = self.pick(["", "", f" LIMIT {self.random.randint(0, 12)}", f" LIMIT {self.random.randint(1, 5)} OFFSET {self.random.randint(0, 5)}",
                               f" FETCH FIRST {self.random.randint(1, 4)} ROWS ONLY"])
            return f"{text} ORDER BY {keys}{limit}", True
        return text, False

    # ---- changes

    def settable(self, table):
        return [column for column in table.columns if column.declared != "generated"]

    def row(self, table, size=1):
        out = []
        for column in self.settable(table):
            if column.name in table.key and column.kind == INT:
                out.append(str(self.random.randint(-5, 60 * size)))
            elif column.name in table.key and column.kind == TEXT:
                out.append(f"'{self.pick(WORDS)}{self.random.randint(0, 9 * size)}'")
            else:
                out.append(self.literal(column.kind, 0.0 if column.not_null and self.chance(0.9) else 0.1))
        return "(" + ", ".join(out) + ")"

    def insert(self, table, rows, tail=""):
        names = ", ".join(column.name for column in self.settable(table))
        return f"INSERT INTO {table.name} ({names}) VALUES {', '.join(rows)}{tail}"

    def assignments(self, table, scope, target=""):
        sets = []
        fitting = [column for column in self.settable(table) if column.name not in table.key]
        for column in self.random.sample(fitting, min(len(fitting), self.pick([1, 1, 2]))):
            sets.append(f"{target}{column.name} = {self.expression(scope, column.kind, 2)}")
        return sets

    def returning(self, table):
        if self.chance(0.4):
            return ""
        return " RETURNING " + ", ".join(f"{table.name}.{column.name}" for column in table.columns)

    def change(self):
        """A statement, or None; what RETURNING gives is compared without order."""
        table = self.pick(self.tables)
        scope = [(f"{table.name}.{column.name}", column.kind) for column in table.columns]
        r = self.random.random()
        if r < 0.35:
            conflict = ""
            if table.key and self.chance(0.25):
                conflict = f" ON CONFLICT ({', '.join(table.key)}) DO NOTHING"
            elif table.key and self.chance(0.25):
                excluded = [(f"excluded.{column.name}", column.kind) for column in table.columns]
                sets = self.assignments(table, scope + excluded)
                if sets:
                    conflict = f" ON CONFLICT ({', '.join(table.key)}) DO UPDATE SET {', '.join(sets)}"
                    if self.chance(0.3):
                        conflict += f" WHERE {self.condition(scope + excluded, 1)}"
            elif self.chance(0.1):
                conflict = " ON CONFLICT DO NOTHING"
            return self.insert(table, [self.row(table) for _ in range(self.pick([1, 1, 2, 5, 20]))], conflict + self.returning(table))
        where = f" WHERE {self.condition(scope, self.random.randint(0, 2))}"
        if r < 0.65:
            sets = self.assignments(table, scope)
            return f"UPDATE {table.name} SET {', '.join(sets)}{where}{self.returning(table)}" if sets else None
        other, name = self.pick(self.tables), self.alias()
        inner = [(f"{name}.{column.name}", column.kind) for column in other.columns]
        pairs = [(a, b) for a, x in scope for b, y in inner if x == y and x in ORDERED]
        if r < 0.72 and pairs:
            # Values come from the target alone: which of several matches wins is nobody's promise.
            sets = self.assignments(table, scope)
            a, b = self.pick(pairs)
            return f"UPDATE {table.name} SET {', '.join(sets)} FROM {other.name} {name} WHERE {a} = {b} AND {self.condition(scope + inner, 1)}" if sets else None
        if r < 0.77 and pairs:
            a, b = self.pick(pairs)
            return f"DELETE FROM {table.name} USING {other.name} {name} WHERE {a} = {b} AND {self.condition(scope + inner, 1)}{self.returning(table)}"
        if r < 0.82 and len(table.key) == 1 and other.key == table.key and other.columns[0].kind == table.columns[0].kind:
            names = ", ".join(column.name for column in self.settable(table))
            values = ", ".join(f"{name}.{table.key[0]}" if column.name in table.key else self.expression(inner, column.kind, 1) for column in self.settable(table))
            sets = self.assignments(table, scope + inner)
            matched = f"UPDATE SET {', '.join(sets)}" if sets and self.chance(0.6) else self.pick(["DELETE", "DO NOTHING"])
            return (f"MERGE INTO {table.name} USING {other.name} {name} ON {table.name}.{table.key[0]} = {name}.{table.key[0]} "
                    f"WHEN MATCHED AND {self.condition(scope + inner, 1)} THEN {matched} WHEN NOT MATCHED THEN INSERT ({names}) VALUES ({values})")
        return f"DELETE FROM {table.name}{where}{self.returning(table)}"
