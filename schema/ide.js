// Starts GraphiQL on our endpoint, as the person who is signed in.
const first = `# 在这里写查询，Ctrl+Enter 运行。
# 左上角的图标打开文档（中英文）。
query MyCommittees {
  me { name grants { label } }
  mediationCommittees(
    first: 10
    orderBy: [{ code: ASC }]
  ) {
    totalCount
    nodes {
      code
      name
      filingStatus
      region { name }
      director { name }
    }
    pageInfo { hasNextPage endCursor }
  }
}
`;

const cookie = (name) =>
  document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";

async function fetcher(request) {
  const answer = await fetch("/graphql", {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      Accept: "application/graphql-response+json, application/json",
      "X-CSRFToken": decodeURIComponent(cookie("csrftoken")),
    },
    body: JSON.stringify(request),
  });
  return answer.json();
}

ReactDOM.createRoot(document.getElementById("ide")).render(
  React.createElement(GraphiQL, { fetcher, defaultQuery: first, shouldPersistHeaders: false }),
);
