//! Manual pages and completions.

use super::{directory, run, succeeded};
use crate::support::program::{finish, program};
use crate::support::{Outcome, words};
use std::process::Command;

/// The commands that `--help` lists.
fn commands() -> Result<Vec<String>, String> {
    let help = finish(program(&["--help"]))?;
    let help = &help.status(0)?.out;
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let lines = lines.take_while(|line| !line.is_empty());
    let named = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let all: Vec<_> =
        named.filter_map(|l| l.split_whitespace().next()).map(str::to_owned).collect();
    match all.iter().any(|c| c == "run-now") {
        true => Ok(all),
        false => Err(format!("no commands in: {help}")),
    }
}

pub fn manual() -> Outcome {
    let directory = directory("man")?;
    let folder = directory.display().to_string();
    let written = finish(program(&["man", &folder]))?;
    let written = &written.status(0)?.out;
    let mut pages = vec![("repackd".to_owned(), commands()?)];
    for command in commands()? {
        pages.push((format!("repackd-{command}"), vec!["SYNOPSIS".into(), command]));
    }
    for (page, parts) in pages {
        let file = directory.join(format!("{page}.1"));
        if !written.contains(&format!("{}\n", file.display())) {
            return Err(format!("{} is not among: {written}", file.display()));
        }
        let mut man = Command::new("man");
        man.env("MANWIDTH", "100").env("LC_ALL", "C.UTF-8").args([
            "--warnings",
            "-E",
            "UTF-8",
            "-l",
        ]);
        let Some(output) = run(man.arg(&file))? else { continue };
        succeeded(&man, &output)?;
        let said = String::from_utf8_lossy(&output.stderr);
        // A minimal installation has man without groff.
        if said.contains("groff") && output.stdout.is_empty() {
            eprintln!("SKIPPED: man cannot show pages here: {said}");
            continue;
        }
        if !said.is_empty() {
            return Err(format!("{page}: {said}"));
        }
        let shown = String::from_utf8_lossy(&output.stdout);
        if let Some(part) = parts.iter().find(|part| !shown.contains(part.as_str())) {
            return Err(format!("\"{part}\" was expected in {page}: {shown}"));
        }
    }
    std::fs::remove_dir_all(directory).map_err(words)
}

pub fn nowhere() -> Outcome {
    finish(program(&["man", "/nonexistent/man1"]))?
        .status(1)?
        .says(&["cannot write /nonexistent/man1/repackd.1", "name a directory that is there"])?;
    Ok(())
}

/// What bash would offer for the last of these words.
fn offered(script: &str, line: &[&str]) -> Result<Vec<String>, String> {
    let ask = format!(
        "{script}\n\
         complete -p repackd >/dev/null || exit 1\n\
         function=$(complete -p repackd | sed 's/.*-F \\([^ ]*\\).*/\\1/')\n\
         COMP_WORDS=({words}) COMP_CWORD={last}\n\
         \"$function\" repackd \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"\n\
         printf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
        words = line.join(" "),
        last = line.len() - 1,
    );
    // compopt is of no use outside a real completion, and says so.
    let output = Command::new("bash").args(["--norc", "-c", &ask]).output().map_err(words)?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}

pub fn bash() -> Outcome {
    let script = finish(program(&["completions", "bash"]))?;
    let script = &script.status(0)?.out;
    let mut bash = Command::new("bash");
    let checked = bash.args(["-n", "-c", script]).output().map_err(words)?;
    succeeded(&bash, &checked)?;
    for (line, expected) in [
        (&["repackd", "ru"][..], &["run-now"][..]),
        (&["repackd", "sta"], &["status"]),
        (&["repackd", "run-now", "--cutover-"], &["--cutover-budget", "--cutover-wait"]),
    ] {
        let found = offered(script, line)?;
        if found != expected {
            return Err(format!("for {line:?} it offers {found:?}"));
        }
    }
    let mut all = offered(script, &["repackd", "''"])?;
    all.retain(|word| !word.starts_with('-'));
    match commands()?.iter().find(|command| !all.contains(command)) {
        None => Ok(()),
        Some(command) => Err(format!("{command} is not among what it offers: {all:?}")),
    }
}

pub fn other_shells() -> Outcome {
    for shell in ["zsh", "fish", "elvish", "powershell"] {
        let script = finish(program(&["completions", shell]))?;
        script.status(0)?.shows(&["run-now", "cutover-budget"])?;
        if shell == "zsh" || shell == "fish" {
            let file = directory("completions")?.join(shell);
            std::fs::write(&file, &script.out).map_err(words)?;
            let mut check = Command::new(shell);
            if let Some(output) = run(check.arg("-n").arg(&file))? {
                succeeded(&check, &output)?;
            }
        }
    }
    finish(program(&["completions", "tcsh"]))?.status(2)?.says(&["tcsh"])?;
    std::fs::remove_dir_all(directory("completions")?).map_err(words)
}
