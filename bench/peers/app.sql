-- What PostGraphile and Mercurius see: the rows and columns of the questions, by the names they ask for.
-- The scope stands at the root as a constant; below it nothing is checked.
DROP SCHEMA IF EXISTS app CASCADE;
CREATE SCHEMA app;

CREATE VIEW app.region AS
  SELECT id, code, name, level, path, parent_id FROM public.region WHERE deleted_at IS NULL;
CREATE VIEW app.committee AS
  SELECT id, name, phone, type, established_on, region_id, scope_path FROM public.mediation_committee
  WHERE deleted_at IS NULL;
CREATE VIEW app.mediator AS
  SELECT m.id, a.committee_id, m.name, m.sex, m.kind, m.education
  FROM public.mediator_appointment a JOIN public.mediator m ON m.id = a.mediator_id
  WHERE a.deleted_at IS NULL AND m.deleted_at IS NULL AND a.start_on <= current_date
    AND (a.end_on IS NULL OR a.end_on >= current_date);
CREATE VIEW app.dispute_case AS
  SELECT id, case_no, dispute_type, state, outcome, accepted_on, amount_claimed, headcount, committee_id, scope_path
  FROM public.mediation_case WHERE deleted_at IS NULL;
CREATE TYPE app.report_row AS
  (code text, name text, dispute_type text, count int, amount_claimed numeric(16, 2));

COMMENT ON VIEW app.region IS
  E'@primaryKey id\n@foreignKey (parent_id) references app.region (id)';
COMMENT ON VIEW app.committee IS
  E'@primaryKey id\n@foreignKey (region_id) references app.region (id)';
COMMENT ON VIEW app.mediator IS
  E'@primaryKey id,committee_id\n@foreignKey (committee_id) references app.committee (id)';
COMMENT ON VIEW app.dispute_case IS
  E'@primaryKey id\n@foreignKey (committee_id) references app.committee (id)';

CREATE FUNCTION app.committees_in(code text) RETURNS SETOF app.committee LANGUAGE sql STABLE AS $$
  SELECT * FROM app.committee
  WHERE scope_path >= ':low:' AND scope_path < ':high:'
    AND scope_path >= (SELECT r.path FROM public.region r WHERE r.code = $1 AND r.valid_to IS NULL)
    AND scope_path < (SELECT left(r.path, -1) || '0' FROM public.region r WHERE r.code = $1 AND r.valid_to IS NULL)
  ORDER BY id
$$;
CREATE FUNCTION app.streets_in(code text) RETURNS SETOF app.region LANGUAGE sql STABLE AS $$
  SELECT * FROM app.region
  WHERE level = 'STREET' AND path >= ':low:' AND path < ':high:'
    AND path >= (SELECT r.path FROM public.region r WHERE r.code = $1 AND r.valid_to IS NULL)
    AND path < (SELECT left(r.path, -1) || '0' FROM public.region r WHERE r.code = $1 AND r.valid_to IS NULL)
  ORDER BY id
$$;
CREATE FUNCTION app.cases_after(after_id uuid) RETURNS SETOF app.dispute_case LANGUAGE sql STABLE AS $$
  SELECT * FROM app.dispute_case
  WHERE scope_path >= ':low:' AND scope_path < ':high:' AND id > $1 ORDER BY id
$$;
-- The path is looked up first, as the limit does: the plan needs to know it.
CREATE FUNCTION app.report(code text, year int) RETURNS SETOF app.report_row LANGUAGE plpgsql STABLE AS $$
DECLARE
  low text := (SELECT a.path FROM public.region a WHERE a.code = $1 AND a.valid_to IS NULL);
  high text := left(low, -1) || '0';
BEGIN
  RETURN QUERY SELECT r.code::text, r.name::text, g.dispute_type::text, g.n::int, g.total::numeric(16, 2)
  FROM (SELECT p.district_id, c.dispute_type, count(*) AS n, coalesce(sum(c.amount_claimed), 0.00) AS total
        FROM public.mediation_case c JOIN public.region p ON p.id = c.region_id
        WHERE c.deleted_at IS NULL AND c.scope_path >= ':low:' AND c.scope_path < ':high:'
          AND c.headcount >= 2
          AND c.concluded_on >= make_date($2, 1, 1) AND c.concluded_on < make_date($2 + 1, 1, 1)
          AND p.deleted_at IS NULL
          AND p.path >= low AND p.path < high
        GROUP BY 1, 2) g
  JOIN public.region r ON r.id = g.district_id ORDER BY 1, 3;
END
$$;

-- The same work as our command, but for the search: scope, number, row and audit record, in one function.
CREATE FUNCTION app.create_case(
  committee_id uuid, region_code text, title text, summary text, dispute_type text, source text,
  parties_relation text, difficulty text, headcount int, accepted_on date, amount_claimed numeric
) RETURNS app.dispute_case LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  held public.mediation_committee; place uuid; serial int; made app.dispute_case; key uuid; at timestamptz := now();
BEGIN
  SELECT * INTO held FROM public.mediation_committee c WHERE c.id = $1 AND c.deleted_at IS NULL
    AND c.scope_path >= ':clerk_low:' AND c.scope_path < ':clerk_high:' FOR KEY SHARE;
  SELECT r.id INTO place FROM public.region r WHERE r.code = $2 AND r.valid_to IS NULL AND r.deleted_at IS NULL
    AND r.path >= ':clerk_low:' AND r.path < ':clerk_high:' FOR KEY SHARE;
  IF held.id IS NULL OR place IS NULL OR held.status = 'DISSOLVED' THEN
    RAISE EXCEPTION 'no such committee or place';
  END IF;
  INSERT INTO public.number_series AS s (name, last)
    VALUES ('case/' || held.code || '/' || extract(year FROM at)::int, 1)
    ON CONFLICT (name) DO UPDATE SET last = s.last + 1 RETURNING last INTO serial;
  -- A UUIDv7: the milliseconds in front of a random one, whose version is changed.
  key := (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
          || right(replace(gen_random_uuid()::text, '-', ''), 19))::uuid;
  INSERT INTO public.mediation_case AS c (
    id, case_no, title, summary, committee_id, region_id, dispute_type, source, parties_relation, difficulty,
    amount_claimed, headcount, accepted_on, registered_at, entered_at, entry_channel, state, mediation_times, public,
    is_major, is_difficult, confirmation_state, litigation_result, subsidy_state, late_entry, scope_path,
    org_scope_id, created_at, updated_at, version, created_by_id, updated_by_id)
  VALUES (
    key, held.code || extract(year FROM at)::int || lpad(serial::text, 6, '0'), $3, $4, $1, place, $5, $6, $7, $8,
    $11, $9, $10, at, at, 'API', 'REGISTERED', 0, false, false, false, 'NOT_APPLIED', 'NONE', 'NONE', false,
    held.scope_path, held.org_scope_id, at, at, 1, ':account:', ':account:')
  RETURNING c.id, c.case_no, c.dispute_type, c.state, c.outcome, c.accepted_on, c.amount_claimed, c.headcount,
    c.committee_id, c.scope_path INTO made;
  INSERT INTO public.audit_log (
    id, actor_id, action, verb, entity, entity_id, summary, after, at, technical, scope_path, region_id,
    org_scope_id, created_at, updated_at, version, created_by_id, updated_by_id)
  VALUES (
    gen_random_uuid(), ':account:', 'CREATE', 'register', 'MediationCase', 'cs_' || key, '登记 调解案件：' || $3,
    jsonb_build_object('title', $3, 'summary', $4, 'caseNo', made.case_no, 'disputeType', $5, 'source', $6,
      'partiesRelation', $7, 'difficulty', $8, 'headcount', $9, 'acceptedOn', $10, 'amountClaimed', $11)::text,
    at, false, held.scope_path, held.region_id, held.org_scope_id, at, at, 1, ':account:', ':account:');
  RETURN made;
END
$$;
