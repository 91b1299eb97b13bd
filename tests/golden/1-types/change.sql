update t set n.list = array[1], m = map {'new': 1}, r = r + int4range(lower(r) - 1, upper(r)) where (c).a < 5;
insert into t(c, ps) values (row(2000, 'new'), array[1, 2]);
delete from t where (c).a = 8;
create table u as select c, s, m from t;
vacuum;
