// Mercurius with graphql-jit: a schema by hand, loaders, prepared statements, as its documentation advises.
import Fastify from "fastify";
import mercurius from "mercurius";
import pg from "pg";

pg.types.setTypeParser(20, Number); // bigint
pg.types.setTypeParser(1082, (text) => text); // date
const pool = new pg.Pool({ connectionString: process.env.DSN, max: 8 });
const rows = async (name, text, values) => (await pool.query({ name, text, values })).rows;

const schema = `
  type Region { id: ID! code: String! name: String! children: [Region!]! committees: [Committee!]! }
  type Committee {
    id: ID! name: String! phone: String! type: String! establishedOn: String! region: Region mediators: [Mediator!]!
  }
  type Mediator { id: ID! name: String! sex: String! kind: String! education: String! }
  type Case {
    id: ID! caseNo: String! disputeType: String! state: String! outcome: String acceptedOn: String
    amountClaimed: String headcount: Int! committee: Committee
  }
  type ReportRow { code: String! name: String! disputeType: String! count: Int! amountClaimed: String! }
  input CaseInput {
    committeeId: ID! regionCode: String! title: String! summary: String! disputeType: String! source: String!
    partiesRelation: String! difficulty: String! headcount: Int! acceptedOn: String! amountClaimed: String!
  }
  type Query {
    committee(id: ID!): Committee
    committees(code: String!, first: Int!): [Committee!]!
    regions(code: String!, first: Int!, offset: Int!): [Region!]!
    cases(after: ID!, first: Int!): [Case!]!
    report(code: String!, year: Int!): [ReportRow!]!
  }
  type Mutation { createCase(input: CaseInput!): Case! }
`;
const REGION = `id, code, name`;
const COMMITTEE = `id, name, phone, type, established_on::text AS "establishedOn", region_id AS "regionId"`;
const CASE = `id, case_no AS "caseNo", dispute_type AS "disputeType", state, outcome,
  accepted_on::text AS "acceptedOn", amount_claimed::text AS "amountClaimed", headcount, committee_id AS "committeeId"`;

const resolvers = {
  Query: {
    committee: async (_, { id }) =>
      (await rows("q1", `SELECT ${COMMITTEE} FROM app.committee WHERE id = $1`, [id]))[0],
    committees: (_, { code, first }) =>
      rows("q2", `SELECT ${COMMITTEE} FROM app.committees_in($1) ORDER BY id LIMIT $2`, [code, first]),
    regions: (_, { code, first, offset }) =>
      rows("q3", `SELECT ${REGION} FROM app.streets_in($1) ORDER BY id LIMIT $2 OFFSET $3`, [code, first, offset]),
    cases: (_, { after, first }) =>
      rows("q4", `SELECT ${CASE} FROM app.cases_after($1) ORDER BY id LIMIT $2`, [after, first]),
    report: (_, { code, year }) =>
      rows("q5", `SELECT code, name, dispute_type AS "disputeType", count, amount_claimed::text AS "amountClaimed"
        FROM app.report($1, $2)`, [code, year]),
  },
  Mutation: {
    createCase: async (_, { input: i }) =>
      (await rows("q6", `SELECT ${CASE} FROM app.create_case($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, [
        i.committeeId, i.regionCode, i.title, i.summary, i.disputeType, i.source, i.partiesRelation, i.difficulty,
        i.headcount, i.acceptedOn, i.amountClaimed,
      ]))[0],
  },
};

// The rows of many parents by one statement, handed out to each.
const many = (name, text, key) => async (queries) => {
  const found = new Map(queries.map(({ obj }) => [obj.id, []]));
  for (const row of await rows(name, text, [[...found.keys()]])) found.get(row[key]).push(row);
  return queries.map(({ obj }) => found.get(obj.id));
};
const one = (name, text, key) => async (queries) => {
  const keys = [...new Set(queries.map(({ obj }) => obj[key]))];
  const found = new Map((await rows(name, text, [keys])).map((row) => [row.id, row]));
  return queries.map(({ obj }) => found.get(obj[key]) ?? null);
};
const opts = { cache: false };
const loaders = {
  Region: {
    children: { opts, loader: many("children", `SELECT ${REGION}, parent_id AS "parentId" FROM app.region
      WHERE parent_id = ANY($1) ORDER BY id`, "parentId") },
    committees: { opts, loader: many("committees", `SELECT ${COMMITTEE} FROM app.committee
      WHERE region_id = ANY($1) ORDER BY id`, "regionId") },
  },
  Committee: {
    region: { opts, loader: one("region", `SELECT ${REGION} FROM app.region WHERE id = ANY($1)`, "regionId") },
    mediators: { opts, loader: many("mediators", `SELECT id, name, sex, kind, education,
      committee_id AS "committeeId" FROM app.mediator WHERE committee_id = ANY($1) ORDER BY id`, "committeeId") },
  },
  Case: {
    committee: { opts, loader: one("committee", `SELECT ${COMMITTEE} FROM app.committee WHERE id = ANY($1)`,
      "committeeId") },
  },
};

const app = Fastify();
app.register(mercurius, { schema, resolvers, loaders, jit: 1, graphiql: false });
await app.listen({ port: Number(process.env.PORT), host: "127.0.0.1" });
