use attache_task_store::Scope;

use crate::agent::AgentName;

/// Between the name of an agent and the tenant. No name contains it.
const SEPARATOR: char = '/';

/// The part of the task log that one agent sees.
///
/// Several agents of a process share one log, one pool of connections and one keeper, so what keeps
/// them apart is the scope that every statement is bound to: the name of the agent stands before the
/// tenant. The only agent of a process has no name, and its tenants are as it gives them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Space(Option<AgentName>);

impl Space {
    /// What the agent of this name sees.
    pub fn of(name: Option<AgentName>) -> Self {
        Self(name)
    }

    /// The scope that `tenant` and `owner` have here.
    pub fn scope(&self, tenant: &str, owner: &str) -> Scope {
        let tenant = match &self.0 {
            Some(name) => format!("{name}{SEPARATOR}{tenant}"),
            None => tenant.to_owned(),
        };
        Scope {
            tenant,
            owner: owner.to_owned(),
        }
    }

    /// The tenant that a scope of the log has here. None when it is another agent's.
    pub fn tenant<'a>(&self, scope: &'a Scope) -> Option<&'a str> {
        match &self.0 {
            Some(name) => scope
                .tenant
                .strip_prefix(name.as_str())?
                .strip_prefix(SEPARATOR),
            None => Some(&scope.tenant),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_one_agent_s() {
        let space = |name: &str| Space::of(AgentName::parse(name));
        let scope = space("sales").scope("acme", "ann");
        assert_eq!(
            (scope.tenant.as_str(), scope.owner.as_str()),
            ("sales/acme", "ann")
        );
        assert_eq!(space("sales").tenant(&scope), Some("acme"));
        for other in ["sale", "sales-2", "acme"] {
            assert_eq!(space(other).tenant(&scope), None, "{other}");
        }
        let scope = Space::default().scope("a/b", "");
        assert_eq!(scope.tenant, "a/b");
        assert_eq!(Space::default().tenant(&scope), Some("a/b"));
    }
}
