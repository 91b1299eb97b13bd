create table person(name text collate nocase primary key, mail varchar(40) collate "C", note text collate rtrim, any_text collate nocase,
  words text[] collate nocase, unique (mail collate nocase));
insert into person select 'Name ' || i, case when i % 2 = 0 then 'MAIL' else 'mail' end || i || '@example.org', 'note' || repeat(' ', i % 3),
  case when i % 3 = 0 then 'Text' else 'tEXT' end, array['A' || i % 10] from generate_series(1, 600) g(i);
create index person_note on person(note, name desc);
create index person_lower on person(lower(mail) collate nocase) where note = 'NOTE' or note = 'note';
create domain word as text collate nocase check (value <> 'bad');
create table child(id integer primary key, person text references person on update cascade on delete set null, w word);
insert into child select i, 'NAME ' || (i % 600 + 1), 'Word' || i % 7 from generate_series(1, 1500) g(i);
create index child_person on child(person collate nocase);
create view by_note as select note, count(*) as people from person group by note;
pragma user_version = 42;
pragma application_id = -1;
comment on type word is 'a word';
create trigger child_t after delete on child for each row begin select 1; end;
comment on trigger child_t on child is 'does nothing';
