update person set name = upper(name) where name < 'name 2';
insert into person(name, mail) values ('another', 'x') on conflict (name) do nothing;
insert into person(name, mail) values ('ANOTHER', 'y') on conflict (name) do update set mail = excluded.mail;
delete from person where name = 'NAME 30';
alter table person alter column any_text type text collate rtrim;
create unique index person_any on child(id, w);
drop index person_lower;
pragma user_version = 43;
vacuum;
