update t set c.b = 'changed', s.b.c = 'crash' where c = row(7, 'name 7');
insert into t(c, r) values ('(1000,"after the checkpoint")', '[7,7]');
alter type pair rename attribute b to text;
begin;
update t set r = 'empty';
delete from t where (c).a < 10;
