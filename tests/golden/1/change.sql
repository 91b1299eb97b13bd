insert into kinds(id, t) values (100, 'new');
update parent set name = name || '!' where size < 50;
delete from parent where size > 400;
create table made(a integer primary key, b text references parent);
alter table child add column more text default 'more';
insert into "Odd Name"("C") values ('z');
drop table changed;
vacuum;
