insert into t values (5000, '[100.3,0,0,0]', '[5,3,2,7]', null, null);
update t set v = '[0,0,0,0]' where id % 10 = 5;
delete from n where name < 'n15';
reindex index t_v;
vacuum;
