import asyncio
import time

import pytest

import turdb
import turdb.aio

ENDLESS = "select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b"


def test_statements_and_transactions(path):
    async def main():
        async with turdb.aio.connect(path) as connection:
            await connection.execute("create table t(id integer primary key, a text)")
            cursor = await connection.executemany("insert into t(a) values (?)", [(str(i),) for i in range(1000)])
            assert cursor.rowcount == 1000 and cursor.lastrowid == 1000
            assert connection.in_transaction
            await connection.commit()
            await connection.execute("delete from t")
            await connection.rollback()
            cursor = connection.cursor()
            await cursor.execute("select id, a from t where id > :low order by id", {"low": 10})
            assert cursor.description[1].name == "a"
            assert await cursor.fetchone() == (11, "10")
            assert len(await cursor.fetchmany(5)) == 5
            assert len([row async for row in cursor]) == 984
            assert await cursor.fetchall() == []
            connection.row_factory = turdb.dict_row
            async with connection.execute("select 1 as one") as cursor:
                assert await cursor.fetchall() == [{"one": 1}]
            await connection.executescript("create table u(a int); insert into u values (1)")
        assert connection.closed
        connection = await turdb.aio.connect(path)
        assert await (await connection.execute("select count(*) from u")).fetchone() == (1,)
        await connection.close()
        await connection.close()
        with pytest.raises(KeyError):
            async with turdb.aio.connect(path) as connection:
                await connection.execute("delete from u")
                raise KeyError
        async with turdb.aio.connect(path) as connection:
            assert await (await connection.execute("select count(*) from u")).fetchone() == (1,)
            with pytest.raises(turdb.ProgrammingError):
                await connection.execute("select nothing")

    asyncio.run(main())


def test_the_loop_goes_on_and_cancelling_stops_the_statement():
    async def main():
        async with turdb.aio.connect() as connection:
            task = asyncio.ensure_future(connection.execute(ENDLESS).__aenter__())
            ticks = 0
            for _ in range(10):
                await asyncio.sleep(0.01)
                ticks += 1
            assert ticks == 10 and not task.done()
            begin = time.monotonic()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert time.monotonic() - begin < 5
            # Nothing runs any more: the next statement does not wait.
            assert await (await connection.execute("select 1")).fetchone() == (1,)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(connection.execute(ENDLESS).__aenter__(), 0.1)
            assert await (await connection.execute("select 2")).fetchone() == (2,)

    asyncio.run(main())


def test_what_waits_its_turn_is_cancelled_alone():
    async def main():
        async with turdb.aio.connect(autocommit=True) as connection:
            await connection.execute("create table t(a int)")

            async def slow():
                return await connection._run(lambda: time.sleep(0.3) or "done")

            async def insert():
                await connection.execute("insert into t values (1)")

            first = asyncio.ensure_future(slow())
            await asyncio.sleep(0.01)
            second = asyncio.ensure_future(insert())
            await asyncio.sleep(0.01)
            second.cancel()
            with pytest.raises(asyncio.CancelledError):
                await second
            assert await first == "done"
            assert await (await connection.execute("select count(*) from t")).fetchone() == (0,)

    asyncio.run(main())


def test_connections_run_beside_each_other():
    async def main():
        async def work():
            async with turdb.aio.connect() as connection:
                return await (await connection.execute("select count(*) from generate_series(1, 100000) t")).fetchone()

        assert await asyncio.gather(*(work() for _ in range(5))) == [(100000,)] * 5
        with pytest.raises(turdb.Error):
            await turdb.aio.connect("/nowhere/at/all", create=False)

    asyncio.run(main())
