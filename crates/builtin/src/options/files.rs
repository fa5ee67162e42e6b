//! Who may do what with files.

use conf::options::{Permissions, Spanned};
use pipeline::Compile;

use crate::destination::file::FileRules;
use crate::owner;

conf::options! {
    /// Who may do what with the files and directories that are made.
    pub struct FileOwnerOptions {
        /// Create missing parent directories.
        create_dirs: bool = inherit,
        /// Owner of a file; `owner()` leaves it alone.
        owner: Option<Spanned<String>> = inherit,
        /// Group of a file.
        group: Option<Spanned<String>> = inherit,
        /// Permissions of a file.
        perm: Permissions = inherit,
        /// Owner of a directory that is made.
        dir_owner: Option<Spanned<String>> = inherit,
        /// Its group.
        dir_group: Option<Spanned<String>> = inherit,
        /// Its permissions.
        dir_perm: Permissions = inherit,
    }
}

impl FileOwnerOptions {
    /// How files are made, completed with the global options.
    pub(crate) fn rules(&self, cx: &mut Compile<'_>) -> FileRules {
        let globals = cx.globals;
        let named = |own: &Option<Option<Spanned<String>>>, global: &Option<String>| match own {
            Some(own) => own.clone(),
            None => global.clone().map(Spanned::synthetic),
        };
        let (user, group) = (named(&self.owner, &globals.owner), named(&self.group, &globals.group));
        let dir_user = named(&self.dir_owner, &globals.dir_owner);
        let dir_group = named(&self.dir_group, &globals.dir_group);
        FileRules {
            create_dirs: self.create_dirs.unwrap_or(globals.create_dirs),
            owner: owner::user(&user, cx.diagnostics),
            group: owner::group(&group, cx.diagnostics),
            perm: self.perm.unwrap_or(globals.perm).0,
            dir_owner: owner::user(&dir_user, cx.diagnostics),
            dir_group: owner::group(&dir_group, cx.diagnostics),
            dir_perm: self.dir_perm.unwrap_or(globals.dir_perm).0,
            ..FileRules::default()
        }
    }
}
