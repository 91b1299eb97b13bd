"""The flight routes of the world, as a notebook: cells begin with `# %%`, and it runs as a program, too.

usage: flights.py [DATA] [PICTURE]

DATA is the folder of OpenFlights' airports.dat and routes.dat; without it, or where it is not there, the example makes data of its own.
PICTURE is where the plot goes (default flights.png); it needs matplotlib, and is left out without.
"""

# %% Where the data comes from
import math
import pathlib
import random
import sys
import tempfile

import turdb

DATA = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data/openflights")
PICTURE = sys.argv[2] if len(sys.argv) > 2 else "flights.png"

connection = turdb.connect()  # in memory; give it a folder to keep the tables
connection.executescript(
    """
    create table airport(
      id bigint primary key, name text not null, city text, country text, iata text, icao text,
      latitude double precision, longitude double precision, altitude_ft int, utc_offset text, dst text, zone text,
      kind text, source text);
    create table route(
      airline text, airline_id text, origin text, origin_id bigint, destination text, destination_id bigint,
      codeshare text, stops int, equipment text);
    """
)

# %% Load it: COPY reads CSV, `executemany` rows of Python
if (DATA / "routes.dat").exists():
    for table, file in (("airport", "airports.dat"), ("route", "routes.dat")):
        connection.execute(f"copy {table} from '{(DATA / file).resolve()}' (format csv, null '\\N')")
    print("loaded", DATA)
else:
    world = random.Random(7)
    airports = [
        (i, f"Airport {i}", f"City {i}", f"Country {i % 40}", f"A{i:02d}", None, world.uniform(-55, 70), world.uniform(-180, 180))
        for i in range(1, 301)
    ]
    connection.executemany(
        "insert into airport(id, name, city, country, iata, icao, latitude, longitude) values (?, ?, ?, ?, ?, ?, ?, ?)", airports
    )
    hubs = airports[:12]
    routes = []
    for airport in airports:
        for other in world.sample(hubs, 3) + world.sample(airports, 2):
            if airport != other:
                routes.append((f"L{airport[0] % 9}", airport[4], airport[0], other[4], other[0]))
    connection.executemany("insert into route(airline, origin, origin_id, destination, destination_id) values (?, ?, ?, ?, ?)", routes)
    print("made data: there is no", DATA)
connection.commit()

count = connection.execute("select (select count(*) from airport), (select count(*) from route)").fetchone()
print(f"{count[0]} airports, {count[1]} routes")

# %% The busiest airports
busiest = connection.cursor()
busiest.row_factory = turdb.dict_row
busiest.execute(
    """
    select a.name, a.country, count(*) as routes, count(distinct r.airline) as airlines
    from route r join airport a on a.id = r.origin_id
    group by a.id, a.name, a.country
    order by routes desc, a.name
    limit 10
    """
)
for row in busiest:
    print(f"{row['routes']:5} routes of {row['airlines']:3} airlines from {row['name']}, {row['country']}")

# %% How far they fly: a DataFrame from SQL, and SQL over a DataFrame
QUERY = """
    select o.latitude as from_latitude, o.longitude as from_longitude, d.latitude as to_latitude, d.longitude as to_longitude,
           o.country as from_country, d.country as to_country
    from route r join airport o on o.id = r.origin_id join airport d on d.id = r.destination_id
    where o.id <> d.id
"""


def kilometres(from_latitude, from_longitude, to_latitude, to_longitude):
    """The great circle between two places, in km."""
    a, b = math.radians(from_latitude), math.radians(to_latitude)
    difference = math.radians(to_longitude - from_longitude)
    cosine = math.sin(a) * math.sin(b) + math.cos(a) * math.cos(b) * math.cos(difference)
    return 6371.0 * math.acos(max(-1.0, min(1.0, cosine)))


try:
    legs = connection.execute(QUERY).df()
except ImportError as error:
    sys.exit(f"the rest needs pandas and pyarrow: {error}")
legs["kilometres"] = [kilometres(*leg[:4]) for leg in legs.itertuples(index=False)]

longest = connection.execute(
    """
    select from_country, to_country, max(kilometres)::int as kilometres
    from legs                                   -- the DataFrame above: a variable of this program
    group by from_country, to_country
    order by kilometres desc, from_country, to_country
    limit 5
    """
).fetchall()
for from_country, to_country, length in longest:
    print(f"{length:6} km  {from_country} to {to_country}")

# %% The share of flights within a country
within = connection.execute(
    """
    select from_country as country, count(*) as legs,
           round(100.0 * count(*) filter (where from_country = to_country) / count(*), 1) as percent_within
    from legs group by from_country having count(*) >= 20 order by percent_within desc, country limit 5
    """
).fetchall()
for country, routes_there, percent in within:
    print(f"{percent:6} % of {routes_there} routes from {country} stay there")

# %% Keep what was computed: a DataFrame goes into a table as Arrow
connection.execute("create table leg(kilometres double precision, from_country text, to_country text)")
rows = connection.append("leg", legs[["kilometres", "from_country", "to_country"]])
connection.commit()
print(rows, "legs kept;", connection.execute("select avg(kilometres)::int from leg").scalar(), "km on average")

# %% The picture: where the routes begin, and how long they are
try:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plot
except ImportError:
    print("no picture without matplotlib")
else:
    figure, (world_map, lengths) = plot.subplots(1, 2, figsize=(12, 4), gridspec_kw={"width_ratios": [2, 1]})
    places = connection.execute(
        "select a.longitude, a.latitude, count(*) as routes from route r join airport a on a.id = r.origin_id group by a.id, 1, 2"
    ).fetchnumpy()
    world_map.scatter(places["longitude"], places["latitude"], s=places["routes"] / 8 + 0.5, alpha=0.5, linewidths=0)
    world_map.set(title="Airports by the number of routes", xlabel="longitude", ylabel="latitude")
    bins = connection.execute(
        "select floor(kilometres / 500)::int * 500 as km, count(*) as legs from leg group by 1 order by 1"
    ).fetchnumpy()
    lengths.bar(bins["km"], bins["legs"], width=450, align="edge")
    lengths.set(title="Length of routes", xlabel="km", ylabel="routes")
    figure.tight_layout()
    figure.savefig(PICTURE, dpi=100)
    print("drew", PICTURE)

# %% And a backup
with tempfile.TemporaryDirectory() as folder:
    connection.backup(pathlib.Path(folder) / "flights.turdb")
connection.close()
