create type mood as enum ('sad', 'ok');
create type pair as (a int, b text);
create type nested as (p pair, list int[], at date, m mood[]);
create domain positive as int check (value > 0);
create table t (c pair primary key, n nested, many pair[], s struct(a int, b struct(c text, d numeric)), m map(text, int),
  ps positive[], ip inet, net cidr, mac macaddr, b bit(4), v bit varying(9), r int4range, d daterange, num numrange, ts tstzrange, x);
insert into t select row(i % 50, 'name ' || i), case when i % 3 = 0 then row(row(i, 'x'), array[i, i + 1], date '2020-01-01' + i, '{ok,sad}')::nested end,
  array[row(i, 'a'), row(null, 'b')]::pair[], {'a': i, 'b': {'c': 'c' || i, 'd': i / 4.0}}, map(array['k' || i % 3, 'l'], array[i, null]),
  array[1, i], ('10.0.0.0'::inet + i), network(set_masklen('10.1.0.0'::inet + i, 24)), '08:00:2b:01:02:03'::macaddr,
  (i % 16)::bit(4), B'1010', int4range(i, i + 5), daterange('2020-01-01', date '2020-01-01' + i, '[]'), numrange(i / 2.0, null, '(]'),
  tstzrange('2020-01-01 00:00+00', null), null
  from generate_series(1, 200) g(i);
update t set x = int4range(1, (c).a + 1) where (c).a % 4 = 0;
update t set x = row((c).a, 'any') where (c).a % 4 = 1;
update t set x = '1.2.3.4'::inet + (c).a where (c).a % 4 = 2;
update t set x = map {(c).a: 'v'} where (c).a % 4 = 3;
create index t_n on t (n);
create index t_many on t (many);
create index t_s on t (s desc);
create index t_m on t (m);
create index t_ip on t (ip);
create index t_net on t (net, mac);
create index t_b on t (b, v);
create index t_r on t (r);
create index t_num on t (num desc);
create index t_x on t (x);
create view v as select (c).a as a, s, {'q': m} as q from t;
