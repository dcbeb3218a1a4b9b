// What pickers look for, each through the public API, within what the signed-in person may see.

import { ask } from "./frame.js";

const words = (text) => text.split(/\s+/).filter(Boolean).slice(0, 8);
// A condition that every word has to meet; none where nothing was typed.
export const every = (text, holds) => (text ? { and: words(text).map((word) => ({ or: holds(word) })) } : {});

export async function regions(text, levels) {
  const named = every(text, (word) => [{ name: { contains: word } }, { code: { startsWith: word } }]);
  const where = { and: [{ level: { in: levels }, validTo: { isNull: true } }, ...(named.and || [])] };
  const found = await ask(
    `query Regions($where: RegionWhere) {
      regions(where: $where, orderBy: [{code: ASC}], first: 30) { nodes { id code name level parent { name } } }
    }`,
    { where },
  );
  return found.regions.nodes.map((region) => ({
    ...region,
    label: region.parent ? `${region.name}（${region.parent.name}，${region.code}）` : `${region.name}（${region.code}）`,
  }));
}

export async function committees(text) {
  const named = every(text, (word) => [{ name: { contains: word } }, { code: { startsWith: word } }]);
  const found = await ask(
    `query Committees($where: MediationCommitteeWhere) {
      mediationCommittees(where: $where, orderBy: [{name: ASC}], first: 30) { nodes { id name code filingStatus } }
    }`,
    { where: named },
  );
  return found.mediationCommittees.nodes.map((one) => ({ ...one, label: `${one.name}（${one.code}）` }));
}

export async function hostUnits(text) {
  const found = await ask(
    `query HostUnits($where: HostUnitWhere) {
      hostUnits(where: $where, orderBy: [{name: ASC}], first: 30) { nodes { id name } }
    }`,
    { where: every(text, (word) => [{ name: { contains: word } }]) },
  );
  return found.hostUnits.nodes.map((one) => ({ ...one, label: one.name }));
}

export async function partners(text) {
  const named = every(text, (word) => [{ name: { contains: word } }]);
  const found = await ask(
    `query Partners($where: PartnerInstitutionWhere) {
      partnerInstitutions(where: $where, orderBy: [{name: ASC}], first: 30) { nodes { id name } }
    }`,
    { where: named },
  );
  return found.partnerInstitutions.nodes.map((one) => ({ ...one, label: one.name }));
}

export async function accounts(text) {
  const named = every(text, (word) => [{ loginName: { contains: word } }, { personName: { contains: word } }]);
  const where = { and: [{ isActive: { eq: true } }, ...(named.and || [])] };
  const found = await ask(
    `query FindAccounts($where: UserAccountWhere) {
      userAccounts(where: $where, orderBy: [{loginName: ASC}], first: 30) { nodes { id loginName personName } }
    }`,
    { where },
  );
  return found.userAccounts.nodes.map((one) => ({ ...one, label: `${one.personName}（${one.loginName}）` }));
}

export async function units(text, kind) {
  const named = every(text, (word) => [{ name: { contains: word } }]);
  const where = { and: [{ kind: { eq: kind } }, ...(named.and || [])] };
  const found = await ask(
    `query Units($where: OrgUnitWhere) {
      orgUnits(where: $where, orderBy: [{name: ASC}], first: 30) { nodes { id name } }
    }`,
    { where },
  );
  return found.orgUnits.nodes.map((one) => ({ ...one, label: one.name }));
}

export async function mediators(text) {
  const named = every(text, (word) => [{ name: { contains: word } }, { mediatorNo: { startsWith: word } }]);
  const found = await ask(
    `query Mediators($where: MediatorWhere) {
      mediators(where: $where, orderBy: [{name: ASC}], first: 30) { nodes { id name mediatorNo region { name } } }
    }`,
    { where: named },
  );
  return found.mediators.nodes.map((one) => ({ ...one, label: `${one.name}（${one.mediatorNo}）` }));
}
