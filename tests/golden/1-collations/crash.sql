insert into person(name, mail) values ('after the checkpoint', 'MAIL@AFTER');
update child set person = 'AFTER THE CHECKPOINT' where id < 20;
begin;
update person set name = 'never' where name = 'AFTER the CHECKPOINT';
pragma user_version = 99;
delete from child where w = 'WORD1';
