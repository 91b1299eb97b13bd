create table t (id int primary key, v vector(4), h halfvec(4), b vector(4, int8), bits vector(16, bit));
create index t_v on t using hnsw (v vector_l2_ops) with (m = 4, ef_construction = 32, ef_search = 40);
create index t_h on t using hnsw (h halfvec_cosine_ops) with (m = 4);
insert into t select i, array[i, i % 10, i % 7, 1]::vector(4), array[i % 20 - 10, i % 9, 2, i]::halfvec(4), array[i % 100, -i % 100, 1, 0]::vector(4, int8),
  case when i % 2 = 0 then '[1,0,1,0,1,0,1,0,1,1,1,1,0,0,0,0]' else '[0,0,1,1,0,0,1,1,0,0,1,1,0,0,1,1]' end::vector(16, bit) from generate_series(1, 400) g(i);
create table n (name text primary key, v vector(3));
insert into n select 'n' || i, case when i % 50 = 0 then null when i % 5 = 0 then '[1,1,1]' else array[i, -i, 1]::vector(3) end from generate_series(1, 200) g(i);
create index n_v on n using hnsw (v vector_ip_ops);
create index n_e on n using hnsw ((v::vector(3)) vector_l2_ops);
delete from t where id % 10 = 3;
update t set v = array[id + 0.5, 0, 0, 0]::vector(4) where id % 10 = 4;
