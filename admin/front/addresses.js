// The address of a list holds what is seen of it: filter, order, page and its size. So Back and reload lead to the same
// rows, and a list can be sent to a colleague. The front end reads filter and order from there and forgets the rest; its
// router and store are asked for by Vue's own handle, and nothing of the bundle is changed for it.
const app = document.querySelector("#app").__vue_app__;
const { $router: router, $store: store } = app.config.globalProperties;
const CONTROLS = ["__page", "__page_size", "__order", "__readable"];
const PAGE_SIZE = store.state.pageSize;
let described = null; // the table whose schema is there: for a while after a change of lists it is that of the last one

function listed() {
  const route = router.currentRoute.value;
  return route.name === "rowListing" && route.params.tableName === store.state.currentTableName ? route : null;
}

// A form sends a comparison for every field; without a value it says nothing, unless it asks for emptiness itself.
function means(name, value, filters) {
  const part = /^(.+)__(match|operator)$/.exec(name);
  return !CONTROLS.includes(name) && (!part || part[1] in filters || /null/.test(value));
}

function written(order) {
  return (order || []).map((one) => (one.ascending ? one.column : `-${one.column}`)).join(",");
}

function usual() {
  return (store.state.schema && store.state.schema.extra.order_by) || [];
}

// What is seen now, as a query; what goes without saying is left out.
function seen() {
  const { filterParams, orderBy, currentPageNumber, pageSize } = store.state;
  const filters = filterParams || {};
  const query = Object.fromEntries(Object.entries(filters).filter(([name, value]) => means(name, value, filters)));
  if (written(orderBy) !== written(usual())) query.__order = written(orderBy);
  if (currentPageNumber > 1) query.__page = String(currentPageNumber);
  if (pageSize !== PAGE_SIZE) query.__page_size = String(pageSize);
  return query;
}

function plain(query) {
  return JSON.stringify(Object.entries(query).map(([name, value]) => [name, [value].flat().map(String)]).sort());
}

function tell() {
  const route = listed();
  if (!route || described !== route.params.tableName || plain(seen()) === plain(route.query)) return;
  router.replace({ name: route.name, params: route.params, query: seen() });
}

// An address was opened: page and size are set before the rows are asked for; the order where the list is there already.
function heed() {
  const route = listed();
  if (!route) return;
  store.commit("updateCurrentPageNumber", Math.max(1, Number.parseInt(route.query.__page, 10) || 1));
  store.commit("updatePageSize", Math.max(1, Number.parseInt(route.query.__page_size, 10) || PAGE_SIZE));
  if (described !== route.params.tableName) return; // the list itself takes the order when it knows its columns
  const order = route.query.__order;
  const columns = order ? order.split(",").map((one) => ({ column: one.replace(/^-/, ""), ascending: !one.startsWith("-") })) : usual();
  store.commit("updateOrderBy", columns);
}

store.subscribe((change) => {
  if (change.type === "updateFilterParams" && change.payload === router.currentRoute.value.query) heed();
});
store.subscribeAction({
  before: (action) => action.type === "fetchRows" && tell(),
  after: (action) => {
    if (action.type === "fetchSchema") described = action.payload;
    if (action.type === "fetchRows") tell();
  },
});
heed();
