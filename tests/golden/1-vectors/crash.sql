insert into t select i, array[i, 1, 1, 1]::vector(4), array[1, i % 9, 2, i]::halfvec(4), null, null from generate_series(1001, 1040) g(i);
delete from t where id between 95 and 99;
update n set v = '[500,-500,1]' where name = 'n7';
begin;
insert into t select i, array[100, 0, 0, 0]::vector(4), null, null, null from generate_series(2001, 2030) g(i);
delete from t where id < 90;
update n set v = null;
