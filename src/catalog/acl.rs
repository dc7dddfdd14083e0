//! Privileges, as the ACL arrays hold them.

use serde::{Deserialize, Serialize};

/// One privilege of one role, granted by another ("Privileges", PostgreSQL manual 5.8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Who granted it.
    pub grantor: String,
    /// Who holds it; `None` is PUBLIC.
    pub grantee: Option<String>,
    /// SELECT, INSERT, …
    pub privilege: String,
    /// WITH GRANT OPTION.
    pub grantable: bool,
}

/// One entry of an ACL array: what one grantor gave to one grantee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AclItem<'a> {
    /// Who granted it.
    pub grantor: &'a str,
    /// Who holds it; `None` is PUBLIC.
    pub grantee: Option<&'a str>,
    /// Privileges without grant option.
    pub plain: Vec<&'a str>,
    /// Privileges with grant option.
    pub grantable: Vec<&'a str>,
}

/// Puts the single privileges together again, one item for each entry of the array, in its order.
pub fn items(grants: &[Grant]) -> Vec<AclItem<'_>> {
    let mut items: Vec<AclItem<'_>> = Vec::new();
    for grant in grants {
        let same = |item: &&mut AclItem<'_>| {
            item.grantor == grant.grantor && item.grantee == grant.grantee.as_deref()
        };
        if items.iter_mut().find(same).is_none() {
            items.push(AclItem {
                grantor: &grant.grantor,
                grantee: grant.grantee.as_deref(),
                plain: vec![],
                grantable: vec![],
            });
        }
        if let Some(item) = items.iter_mut().find(same) {
            if grant.grantable { &mut item.grantable } else { &mut item.plain }
                .push(&grant.privilege);
        }
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_keep_the_order_of_the_array() {
        let grant = |grantee: Option<&str>, privilege: &str, grantable| Grant {
            grantor: "o".into(),
            grantee: grantee.map(Into::into),
            privilege: privilege.into(),
            grantable,
        };
        let grants = [
            grant(Some("b"), "SELECT", true),
            grant(Some("b"), "INSERT", false),
            grant(None, "SELECT", false),
        ];
        let items = items(&grants);
        assert_eq!(items.len(), 2);
        assert_eq!((items[0].grantable[0], items[0].plain[0]), ("SELECT", "INSERT"));
        assert_eq!(items[1].grantee, None);
    }
}
