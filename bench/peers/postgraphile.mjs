// PostGraphile 5 over the schema `app`, by itself: no row-level security, no pgSettings, no nested scope.
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";

const preset = {
  extends: [PostGraphileAmberPreset],
  pgServices: [makePgService({ connectionString: process.env.DSN, schemas: ["app"], poolConfig: { max: 8 } })],
  grafserv: { graphqlPath: "/graphql", watch: false, graphiql: false },
  schema: { defaultBehavior: "list connection +query:resource:list +resource:list" },
  grafast: { explain: false },
};
const instance = postgraphile(preset);
const server = createServer();
const serv = instance.createServ(grafserv);
await serv.addTo(server);
server.listen(Number(process.env.PORT), "127.0.0.1");
