// Flamenco's documented names for job type scripts, as far as ours uses them: node flamenco_manager.js SCRIPT SETTINGS.
// Prints the job type and the authored tasks as JSON, or the script's error.

const fs = require("fs");
const vm = require("vm");

const [, , scriptPath, settings] = process.argv;
const tasks = [];
const author = {
    Command: (name, parameters) => ({ name, parameters }),
    Task: (name, type) => ({
        name,
        type,
        commands: [],
        addCommand(command) {
            this.commands.push(command);
        },
    }),
};
const job = { name: "capture", settings: JSON.parse(settings), addTask: task => tasks.push(task) };
const script = fs.readFileSync(scriptPath, "utf-8") + "\nglobalThis.jobType = JOB_TYPE; compileJob(job);";
const context = vm.createContext({ author, job, print: () => {} });
try {
    vm.runInContext(script, context, { filename: scriptPath });
    console.log(JSON.stringify({ jobType: context.jobType, tasks }));
} catch (error) {
    console.log(JSON.stringify({ error: error.message }));
}
