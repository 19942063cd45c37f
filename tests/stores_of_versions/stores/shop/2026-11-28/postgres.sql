


SELECT pg_catalog.set_config('search_path', '', false);


CREATE SCHEMA landed;



CREATE FUNCTION landed.actum_refuse() RETURNS boolean
    LANGUAGE plpgsql
    AS $$ BEGIN
        RAISE EXCEPTION 'another process was first: Actum decides anew' USING ERRCODE = 'AC001';
        END $$;





CREATE TABLE landed.actum_checkpoints (
    action text NOT NULL COLLATE pg_catalog."C",
    "position" bigint NOT NULL
);



CREATE TABLE landed.actum_events (
    "position" bigint NOT NULL,
    stream bigint NOT NULL,
    version bigint NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    type text NOT NULL COLLATE pg_catalog."C",
    type_version integer NOT NULL,
    payload bytea NOT NULL,
    metadata bytea NOT NULL,
    "time" bigint NOT NULL
);



CREATE TABLE landed.actum_generations (
    name text NOT NULL COLLATE pg_catalog."C",
    highest bigint NOT NULL
);



CREATE TABLE landed.actum_journal (
    is_the_only boolean DEFAULT true NOT NULL,
    shift bigint NOT NULL,
    CONSTRAINT actum_journal_is_the_only_check CHECK (is_the_only)
);



CREATE TABLE landed.actum_letters (
    id bigint NOT NULL,
    action text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    "position" bigint NOT NULL,
    body bytea NOT NULL,
    status text NOT NULL,
    attempts integer NOT NULL,
    due bigint NOT NULL,
    error text NOT NULL,
    first_failed bigint NOT NULL,
    last_failed bigint NOT NULL,
    request text
);



ALTER TABLE landed.actum_letters ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME landed.actum_letters_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);



CREATE TABLE landed.actum_messages (
    id bigint NOT NULL,
    queue text NOT NULL COLLATE pg_catalog."C",
    key text COLLATE pg_catalog."C",
    body bytea NOT NULL,
    "time" bigint NOT NULL,
    correlation_id text NOT NULL
);



CREATE TABLE landed.actum_processes (
    process bigint NOT NULL,
    works text[] NOT NULL,
    has_session boolean NOT NULL,
    seen timestamp with time zone NOT NULL
);



ALTER TABLE landed.actum_processes ALTER COLUMN process ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME landed.actum_processes_process_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);



CREATE TABLE landed.actum_queues (
    is_the_only boolean DEFAULT true NOT NULL,
    shift bigint NOT NULL,
    CONSTRAINT actum_queues_is_the_only_check CHECK (is_the_only)
);



CREATE TABLE landed.actum_rebuilds (
    name text NOT NULL COLLATE pg_catalog."C"
);



CREATE TABLE landed.actum_replies (
    kind text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    call text NOT NULL COLLATE pg_catalog."C",
    reply bytea NOT NULL,
    "position" bigint NOT NULL,
    "time" bigint NOT NULL
);



CREATE TABLE landed.actum_schema (
    part text NOT NULL,
    version integer NOT NULL
);



CREATE TABLE landed.actum_sent (
    queue text NOT NULL COLLATE pg_catalog."C",
    once text NOT NULL COLLATE pg_catalog."C",
    "time" bigint NOT NULL
);



CREATE TABLE landed.actum_snapshots (
    kind text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    version bigint NOT NULL,
    "time" bigint NOT NULL,
    fingerprint text NOT NULL,
    state bytea NOT NULL
);



CREATE TABLE landed.actum_streams (
    kind text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    version bigint NOT NULL,
    "position" bigint NOT NULL,
    "time" bigint NOT NULL,
    first_position bigint NOT NULL,
    first_time bigint NOT NULL,
    pruned bigint NOT NULL
)
WITH (fillfactor='70');



CREATE TABLE landed.actum_ticks (
    action text NOT NULL COLLATE pg_catalog."C",
    due bigint NOT NULL
);



CREATE TABLE landed.actum_timers (
    id bigint NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    due bigint NOT NULL,
    kind text NOT NULL,
    entity_id text NOT NULL,
    command text NOT NULL,
    arguments bytea NOT NULL,
    correlation_id text NOT NULL
);



ALTER TABLE landed.actum_timers ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME landed.actum_timers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);



CREATE TABLE landed.actum_views (
    name text NOT NULL COLLATE pg_catalog."C",
    generation bigint NOT NULL,
    fingerprint text NOT NULL,
    checkpoint bigint NOT NULL,
    is_live boolean NOT NULL
);



CREATE TABLE landed.actum_work (
    work text NOT NULL COLLATE pg_catalog."C",
    owner bigint,
    epoch bigint NOT NULL
);



CREATE TABLE landed.actum_writers (
    writer uuid NOT NULL,
    epoch bigint NOT NULL,
    opened timestamp with time zone DEFAULT now() NOT NULL
);



CREATE TABLE landed.orders__1 (
    id text NOT NULL COLLATE pg_catalog."C",
    customer text NOT NULL COLLATE pg_catalog."C",
    lines jsonb NOT NULL,
    total text NOT NULL COLLATE pg_catalog."C",
    paid bigint NOT NULL
);



CREATE VIEW landed.orders AS
 SELECT id,
    customer,
    lines,
    total,
    paid
   FROM landed.orders__1;



INSERT INTO landed.actum_checkpoints VALUES ('thank', 44040193);



INSERT INTO landed.actum_events VALUES (9437185, 9437185, 1, 'Order', 'o-1', 'Placed', 1, '\x7b22637573746f6d6572223a22632d31222c226c696e6573223a5b7b22736b75223a226170706c65222c227175616e74697479223a317d2c7b22736b75223a227065617220e29882222c227175616e74697479223a317d5d2c22746f74616c223a22312e3530227d', '\x7b22636f6d6d616e64223a22706c616365222c22636f7272656c6174696f6e5f6964223a223636353930643963646337356234356366303031633632316165306338323832227d', 1795890098291698);
INSERT INTO landed.actum_events VALUES (11534337, 11534337, 1, 'Order', 'o-2', 'Placed', 1, '\x7b22637573746f6d6572223a22632d30222c226c696e6573223a5b7b22736b75223a226170706c65222c227175616e74697479223a327d2c7b22736b75223a227065617220e29882222c227175616e74697479223a317d5d2c22746f74616c223a22322e3530227d', '\x7b22636f6d6d616e64223a22706c616365222c22636f7272656c6174696f6e5f6964223a223636353930643963646337356234356366303031633632316165306338323832227d', 1795890098308217);
INSERT INTO landed.actum_events VALUES (13631489, 13631489, 1, 'Order', 'o-3', 'Placed', 1, '\x7b22637573746f6d6572223a22632d31222c226c696e6573223a5b7b22736b75223a226170706c65222c227175616e74697479223a337d2c7b22736b75223a227065617220e29882222c227175616e74697479223a317d5d2c22746f74616c223a22332e3530227d', '\x7b22636f6d6d616e64223a22706c616365222c22636f7272656c6174696f6e5f6964223a223636353930643963646337356234356366303031633632316165306338323832227d', 1795890098314327);
INSERT INTO landed.actum_events VALUES (15728641, 15728641, 1, 'Order', 'o-4', 'Placed', 1, '\x7b22637573746f6d6572223a22632d30222c226c696e6573223a5b7b22736b75223a226170706c65222c227175616e74697479223a347d2c7b22736b75223a227065617220e29882222c227175616e74697479223a317d5d2c22746f74616c223a22342e3530227d', '\x7b22636f6d6d616e64223a22706c616365222c22636f7272656c6174696f6e5f6964223a223636353930643963646337356234356366303031633632316165306338323832227d', 1795890098318690);
INSERT INTO landed.actum_events VALUES (18874369, 18874369, 1, 'Order', 'o-5', 'Placed', 1, '\x7b22637573746f6d6572223a22632d31222c226c696e6573223a5b7b22736b75223a226170706c65222c227175616e74697479223a357d2c7b22736b75223a227065617220e29882222c227175616e74697479223a317d5d2c22746f74616c223a22352e3530227d', '\x7b22636f6d6d616e64223a22706c616365222c22636f7272656c6174696f6e5f6964223a223636353930643963646337356234356366303031633632316165306338323832227d', 1795890098321532);
INSERT INTO landed.actum_events VALUES (22020097, 9437185, 2, 'Order', 'o-1', 'Paid', 1, '\x7b22616d6f756e74223a317d', '\x7b22636f6d6d616e64223a22706179222c22636f7272656c6174696f6e5f6964223a223636353930643963646337356234356366303031633632316165306338323832227d', 1795890098323404);
INSERT INTO landed.actum_events VALUES (24117249, 9437185, 3, 'Order', 'o-1', 'Paid', 1, '\x7b22616d6f756e74223a327d', '\x7b22636f6d6d616e64223a22706179222c22636f7272656c6174696f6e5f6964223a223636353930643963646337356234356366303031633632316165306338323832227d', 1795890098326452);
INSERT INTO landed.actum_events VALUES (28311553, 9437185, 4, 'Order', 'o-1', 'Paid', 1, '\x7b22616d6f756e74223a337d', '\x7b22636f6d6d616e64223a22706179222c22636f7272656c6174696f6e5f6964223a223636353930643963646337356234356366303031633632316165306338323832227d', 1795890098329359);
INSERT INTO landed.actum_events VALUES (30408705, 9437185, 5, 'Order', 'o-1', 'Paid', 1, '\x7b22616d6f756e74223a347d', '\x7b22636f6d6d616e64223a22706179222c22636f7272656c6174696f6e5f6964223a223636353930643963646337356234356366303031633632316165306338323832227d', 1795890098331999);
INSERT INTO landed.actum_events VALUES (33554433, 9437185, 6, 'Order', 'o-1', 'Paid', 1, '\x7b22616d6f756e74223a357d', '\x7b22636f6d6d616e64223a22706179222c22636f7272656c6174696f6e5f6964223a223636353930643963646337356234356366303031633632316165306338323832227d', 1795890098332838);
INSERT INTO landed.actum_events VALUES (35651585, 11534337, 2, 'Order', 'o-2', 'Paid', 1, '\x7b22616d6f756e74223a32307d', '\x7b22636f6d6d616e64223a22706179222c22636f7272656c6174696f6e5f6964223a223636353930643963646337356234356366303031633632316165306338323832227d', 1795890098334565);
INSERT INTO landed.actum_events VALUES (37748737, 13631489, 2, 'Order', 'o-3', 'Paid', 1, '\x7b22616d6f756e74223a33307d', '\x7b22636f6d6d616e64223a22706179222c22636f7272656c6174696f6e5f6964223a223636353930643963646337356234356366303031633632316165306338323832227d', 1795890098337093);
INSERT INTO landed.actum_events VALUES (39845889, 13631489, 3, 'Order', 'o-3', 'Paid', 1, '\x7b22616d6f756e74223a33317d', '\x7b22636f6d6d616e64223a22706179222c22636f7272656c6174696f6e5f6964223a223636353930643963646337356234356366303031633632316165306338323832227d', 1795890098341055);
INSERT INTO landed.actum_events VALUES (44040193, 15728641, 2, 'Order', 'o-4', 'Cancelled', 1, '\x7b22726561736f6e223a6e756c6c7d', '\x7b22636f6d6d616e64223a2263616e63656c222c22636f7272656c6174696f6e5f6964223a223636353930643963646337356234356366303031633632316165306338323832227d', 1795890098343316);



INSERT INTO landed.actum_generations VALUES ('orders', 1);



INSERT INTO landed.actum_journal VALUES (true, -752);



INSERT INTO landed.actum_letters OVERRIDING SYSTEM VALUE VALUES (1, 'thank', 'Order/o-3', 37748737, '\x', 'dead', 1, 1795890098816182, 'RuntimeError: the mail server says no', 1795890098343109, 1795890098343109, NULL);
INSERT INTO landed.actum_letters OVERRIDING SYSTEM VALUE VALUES (2, 'thank', 'Order/o-3', 39845889, '\x', 'waiting', 0, 0, '', 0, 0, NULL);



INSERT INTO landed.actum_messages VALUES (48234497, 'parcels', 'o-1', '\x7b226f72646572223a226f2d31222c22776569676874223a22302e35227d', 1795890098344998, '66590d9cdc75b45cf001c621ae0c8282');
INSERT INTO landed.actum_messages VALUES (49283073, 'parcels', 'o-1', '\x7b226f72646572223a226f2d32222c22776569676874223a22312e35227d', 1795890098346912, '66590d9cdc75b45cf001c621ae0c8282');






INSERT INTO landed.actum_queues VALUES (true, -752);






INSERT INTO landed.actum_replies VALUES ('Order', 'o-2', 'p-77', '39858686c60ebf51cacf54232bbbf000', '\x3230', 35651585, 1795890098334565);



INSERT INTO landed.actum_schema VALUES ('journal', 1);
INSERT INTO landed.actum_schema VALUES ('database', 2);






INSERT INTO landed.actum_snapshots VALUES ('Order', 'o-1', 4, 1795890098329359, '062341c091280945', '\x7b22637573746f6d6572223a22632d31222c226c696e6573223a5b7b22736b75223a226170706c65222c227175616e74697479223a317d2c7b22736b75223a227065617220e29882222c227175616e74697479223a317d5d2c2270616964223a362c2269735f63616e63656c6c6564223a66616c73657d');



INSERT INTO landed.actum_streams VALUES ('Order', 'o-5', 1, 18874369, 1795890098321532, 18874369, 1795890098321532, 0);
INSERT INTO landed.actum_streams VALUES ('Order', 'o-1', 6, 33554433, 1795890098332838, 9437185, 1795890098291698, 0);
INSERT INTO landed.actum_streams VALUES ('Order', 'o-2', 2, 35651585, 1795890098334565, 11534337, 1795890098308217, 0);
INSERT INTO landed.actum_streams VALUES ('Order', 'o-3', 3, 39845889, 1795890098341055, 13631489, 1795890098314327, 0);
INSERT INTO landed.actum_streams VALUES ('Order', 'o-4', 2, 44040193, 1795890098343316, 15728641, 1795890098318690, 0);



INSERT INTO landed.actum_ticks VALUES ('count@clock', 1831890098283586);



INSERT INTO landed.actum_timers OVERRIDING SYSTEM VALUE VALUES (1, 'late', 4949490098349894, 'Order', 'o-5', 'cancel', '\x5b226e6f626f64792070616964225d', '66590d9cdc75b45cf001c621ae0c8282');



INSERT INTO landed.actum_views VALUES ('orders', 1, 'e543ea66ecb20cba', 44040193, true);



INSERT INTO landed.actum_work VALUES ('action thank', NULL, 2);
INSERT INTO landed.actum_work VALUES ('action count@clock', NULL, 2);
INSERT INTO landed.actum_work VALUES ('action timers', NULL, 2);
INSERT INTO landed.actum_work VALUES ('action ship@queue:parcels', NULL, 2);
INSERT INTO landed.actum_work VALUES ('view orders#e543ea66ecb2', NULL, 2);



INSERT INTO landed.actum_writers VALUES ('800c3c09-f6d8-4eab-932d-f6e7f2ebd49c', 0, '2026-11-28 18:21:38.291967+00');



INSERT INTO landed.orders__1 VALUES ('o-4', 'c-0', '[{"sku": "apple", "quantity": 4}, {"sku": "pear ☂", "quantity": 1}]', '4.50', 0);
INSERT INTO landed.orders__1 VALUES ('o-5', 'c-1', '[{"sku": "apple", "quantity": 5}, {"sku": "pear ☂", "quantity": 1}]', '5.50', 0);
INSERT INTO landed.orders__1 VALUES ('o-1', 'c-1', '[{"sku": "apple", "quantity": 1}, {"sku": "pear ☂", "quantity": 1}]', '1.50', 15);
INSERT INTO landed.orders__1 VALUES ('o-2', 'c-0', '[{"sku": "apple", "quantity": 2}, {"sku": "pear ☂", "quantity": 1}]', '2.50', 20);
INSERT INTO landed.orders__1 VALUES ('o-3', 'c-1', '[{"sku": "apple", "quantity": 3}, {"sku": "pear ☂", "quantity": 1}]', '3.50', 61);



SELECT pg_catalog.setval('landed.actum_letters_id_seq', 2, true);



SELECT pg_catalog.setval('landed.actum_processes_process_seq', 1, true);



SELECT pg_catalog.setval('landed.actum_timers_id_seq', 1, true);



ALTER TABLE ONLY landed.actum_checkpoints
    ADD CONSTRAINT actum_checkpoints_pkey PRIMARY KEY (action);



ALTER TABLE ONLY landed.actum_events
    ADD CONSTRAINT actum_events_pkey PRIMARY KEY ("position");



ALTER TABLE ONLY landed.actum_events
    ADD CONSTRAINT actum_events_stream_version_key UNIQUE (stream, version);



ALTER TABLE ONLY landed.actum_generations
    ADD CONSTRAINT actum_generations_pkey PRIMARY KEY (name);



ALTER TABLE ONLY landed.actum_journal
    ADD CONSTRAINT actum_journal_pkey PRIMARY KEY (is_the_only);



ALTER TABLE ONLY landed.actum_letters
    ADD CONSTRAINT actum_letters_pkey PRIMARY KEY (id);



ALTER TABLE ONLY landed.actum_messages
    ADD CONSTRAINT actum_messages_pkey PRIMARY KEY (id);



ALTER TABLE ONLY landed.actum_processes
    ADD CONSTRAINT actum_processes_pkey PRIMARY KEY (process);



ALTER TABLE ONLY landed.actum_queues
    ADD CONSTRAINT actum_queues_pkey PRIMARY KEY (is_the_only);



ALTER TABLE ONLY landed.actum_rebuilds
    ADD CONSTRAINT actum_rebuilds_pkey PRIMARY KEY (name);



ALTER TABLE ONLY landed.actum_replies
    ADD CONSTRAINT actum_replies_pkey PRIMARY KEY (kind, id, key);



ALTER TABLE ONLY landed.actum_schema
    ADD CONSTRAINT actum_schema_pkey PRIMARY KEY (part);



ALTER TABLE ONLY landed.actum_sent
    ADD CONSTRAINT actum_sent_pkey PRIMARY KEY (queue, once);



ALTER TABLE ONLY landed.actum_snapshots
    ADD CONSTRAINT actum_snapshots_pkey PRIMARY KEY (kind, id);



ALTER TABLE ONLY landed.actum_streams
    ADD CONSTRAINT actum_streams_first_position_key UNIQUE (first_position);



ALTER TABLE ONLY landed.actum_streams
    ADD CONSTRAINT actum_streams_pkey PRIMARY KEY (kind, id);



ALTER TABLE ONLY landed.actum_ticks
    ADD CONSTRAINT actum_ticks_pkey PRIMARY KEY (action);



ALTER TABLE ONLY landed.actum_timers
    ADD CONSTRAINT actum_timers_name_key UNIQUE (name);



ALTER TABLE ONLY landed.actum_timers
    ADD CONSTRAINT actum_timers_pkey PRIMARY KEY (id);



ALTER TABLE ONLY landed.actum_views
    ADD CONSTRAINT actum_views_pkey PRIMARY KEY (name, generation);



ALTER TABLE ONLY landed.actum_work
    ADD CONSTRAINT actum_work_pkey PRIMARY KEY (work);



ALTER TABLE ONLY landed.actum_writers
    ADD CONSTRAINT actum_writers_pkey PRIMARY KEY (writer);



ALTER TABLE ONLY landed.orders__1
    ADD CONSTRAINT orders__1_pkey PRIMARY KEY (id);



CREATE INDEX actum_letters_action ON landed.actum_letters USING btree (action, id);



CREATE INDEX actum_letters_key ON landed.actum_letters USING btree (action, key, "position", id);



CREATE INDEX actum_letters_request ON landed.actum_letters USING btree (action, id) WHERE (request IS NOT NULL);



CREATE INDEX actum_letters_status ON landed.actum_letters USING btree (status, id);



CREATE INDEX actum_messages_queue ON landed.actum_messages USING btree (queue, id);



CREATE INDEX actum_replies_time ON landed.actum_replies USING btree ("time");



CREATE INDEX actum_sent_time ON landed.actum_sent USING btree ("time");



CREATE INDEX actum_streams_first ON landed.actum_streams USING btree (kind, first_time, first_position);



CREATE INDEX actum_timers_due ON landed.actum_timers USING btree (due, id);



CREATE INDEX orders__1__1 ON landed.orders__1 USING btree (customer);




